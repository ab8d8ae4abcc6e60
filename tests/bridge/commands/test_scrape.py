"""`lmaster scrape` and `lmaster start`: what is checked before they run."""

import pytest

from fructosa_bridge.cli import build_parser
from fructosa_bridge.commands import scrape
from fructosa_service.errors import FileError, UsageError


def start(config):
    """Prepare `lmaster start` with a configuration."""
    return scrape.prepare(build_parser().parse_args(["start", "-c", str(config)]))


def test_a_start_uses_the_pid_file_of_the_configuration(tmp_path):
    """Unless the command line has another."""
    config = tmp_path / "lmaster.conf"
    config.write_text(f"[lmaster]\npid file = {tmp_path}/pid\n[nodes:a]\nhosts = n1\n")

    assert tmp_path / "pid" == start(config).pid_file


def test_a_start_checks_the_files_of_web(tmp_path):
    """An error must be printed before lmaster leaves the terminal."""
    config = tmp_path / "lmaster.conf"
    config.write_text(f"[nodes:a]\nhosts = n1\n[web]\nusers file = {tmp_path}/none\n")

    with pytest.raises(FileError, match="users file"):
        start(config)


def test_a_start_needs_something_to_scrape(tmp_path):
    """The message has both ways to name nodes."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[Graphite]\nsend = no\n")

    with pytest.raises(UsageError, match=r"no nodes to scrape; name them with --node"):
        start(config)
