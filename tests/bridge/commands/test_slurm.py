"""`lmaster slurm`."""

import json
import socket

from fructosa_bridge.cli import main
from fructosa_bridge.client.client import NOT_LMASTER
from fructosa_bridge.client.slurm_report import NOT_A_SUMMARY, NOT_CONFIGURED
from fructosa_bridge.commands.slurm import CANNOT_LOCK
from fructosa_bridge.slurm.command import MISSING
from fructosa_bridge.slurm.summary import summary
from tests.bridge.slurm.small_cluster import READING, SAMPLES, STATES

from ..fake_master import serving


def body(is_up=True):
    """Return a response to /api/slurm."""
    return json.dumps(summary(READING, STATES, SAMPLES, {}, is_up=is_up)).encode()


def test_the_running_lmaster_is_asked_and_its_state_is_the_exit_code(capsys):
    """A table for people, or JSON; 1 if slurmctld does not respond."""
    with serving(200, body(), "application/json") as (url, requests):
        codes = main(["slurm", "--url", url]), main(["slurm", "--json", "--url", url])
    text = capsys.readouterr().out
    with serving(200, body(is_up=False), "application/json") as (url, _):
        down = main(["slurm", "--url", url])

    assert ((0, 0), 1) == (codes, down)
    assert text.startswith("lab (Slurm 22.05.8): slurmctld responds")
    assert "lab" == json.loads(text[text.index("{") :])["cluster"]
    assert {("GET", "/api/slurm", None)} == set(requests)


def test_an_lmaster_that_does_not_read_slurm_is_an_error(capsys):
    """The message says what to add."""
    with serving(200, b'{"is_configured": false}', "application/json") as (url, _):
        code = main(["slurm", "--url", url])

    assert 2 == code
    assert NOT_CONFIGURED in capsys.readouterr().err


def test_without_a_running_lmaster_slurm_is_read(tmp_path, capsys):
    """Here its commands are missing, which is in the report; Slurm does not respond."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}/data\n"
        f"[slurm]\ncommands = {tmp_path}\n"
    )

    code = main(["slurm", "-c", str(config)])

    assert 1 == code
    missing = MISSING.format(command="scontrol", folder=tmp_path)
    assert f"Slurm: slurmctld does not respond\nping: {missing}\n" == capsys.readouterr().out


def test_a_data_directory_that_cannot_be_locked_is_an_error(tmp_path, capsys):
    """The message says what to do."""
    (tmp_path / "data").write_text("a file")
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[lmaster]\nport = {free_port()}\ndata directory = {tmp_path}/data\n[slurm]\n"
    )

    code = main(["slurm", "-c", str(config)])

    assert 1 == code
    path = tmp_path / "data" / "slurm.lock"
    assert CANNOT_LOCK.format(path=path, reason="File exists") in capsys.readouterr().err


def free_port():
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_another_server_is_an_error(capsys):
    """Exit code 1."""
    with serving(200, b"[]", "application/json") as (url, _):
        code = main(["slurm", "--url", url])

    assert 1 == code
    assert NOT_LMASTER.format(url=url, reason=NOT_A_SUMMARY) in capsys.readouterr().err
