"""The configuration and the targets of commands."""

import pytest

from fructosa_bridge.cli import build_parser, main
from fructosa_bridge.commands.load_config import (
    load_selected,
    load_to_scrape,
    targets_of_all_shards,
    targets_of_shard,
)
from fructosa_bridge.config.settings import GraphiteSettings
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ConfigError, UsageError


def write(tmp_path, text):
    """Write a configuration; return its path."""
    path = tmp_path / "lmaster.conf"
    path.write_text(text)
    return str(path)


def scrape(*words):
    """Return what `lmaster scrape` loads with these arguments."""
    return load_to_scrape(build_parser().parse_args(["scrape", *words]))


@pytest.mark.parametrize("command", ["targets", "ping", "schemas"])
def test_a_configuration_without_nodes_is_an_error(command, tmp_path, capsys):
    """With an empty list, Prometheus would drop all targets."""
    path = write(tmp_path, "[Graphite]\n")

    code = main([command, "-c", path])

    assert 2 == code
    assert f"{path} has no nodes; add a [nodes:NAME] section" in capsys.readouterr().err


def test_nodes_of_the_command_line_select_targets(config):
    """A node may have several."""
    _, targets = load_selected(build_parser().parse_args(["ping", "-c", config, "n1"]))

    assert ["fast", "slow"] == [target.group for target in targets]


def test_two_targets_with_one_path_are_an_error_of_the_file(tmp_path):
    """Both would write to the same series."""
    path = write(tmp_path, "[nodes:a]\nhosts = n1\n[nodes:b]\nhosts = n1\nport = 1\n")

    with pytest.raises(ConfigError, match=path):
        scrape("-c", path)


def test_a_shard_has_part_of_the_targets(tmp_path):
    """Those of all shards are needed to estimate the load on carbon."""
    path = write(tmp_path, "[lmaster]\nshard = 1/2\n[nodes:a]\nhosts = n[1-20]\n")

    config, targets = scrape("-c", path)

    assert targets == targets_of_shard(config, path)
    assert 0 < len(targets) < len(targets_of_all_shards(config, path)) == 20


def test_nodes_of_the_command_line_replace_those_of_the_file(config):
    """With the interval of the command line, and the prefix of the file."""
    _, (target,) = scrape("-c", config, "--node", "other:1", "--interval", "5")

    assert ("other:1", 5, "cluster.other") == (
        target.name,
        target.interval_s,
        target.graphite_path,
    )


def test_an_interval_without_nodes_is_an_error(config):
    """Sections have their own intervals."""
    with pytest.raises(UsageError, match="--interval is only for nodes of --node"):
        scrape("-c", config, "--interval", "5")


def test_host_and_port_of_the_command_line_replace_the_addresses_of_the_file(tmp_path):
    """Also those of [web] listen."""
    path = write(tmp_path, "[nodes:a]\nhosts = n1\n[web]\nlisten = 10.0.0.1:1\n")

    config, _ = scrape("-c", path, "--host", "127.0.0.1", "--port", "0")

    assert () == config.web.listen
    assert ("127.0.0.1", 0) == (config.master.host, config.master.port)


def test_without_host_and_port_the_addresses_of_the_file_are_used(tmp_path):
    """As [web] listen has them."""
    path = write(tmp_path, "[nodes:a]\nhosts = n1\n[web]\nlisten = 10.0.0.1:1\n")

    config, _ = scrape("-c", path)

    assert (Endpoint("10.0.0.1", 1),) == config.web.listen


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("g", GraphiteSettings(host="g")),
        ("g:7", GraphiteSettings(host="g", pickle_port=7)),
        ("g:2003", GraphiteSettings(host="g", protocol="plaintext")),
    ],
)
def test_a_carbon_of_the_command_line_replaces_the_destinations_of_the_file(
    word, expected, tmp_path
):
    """The port chooses the protocol."""
    path = write(tmp_path, f"[nodes:a]\nhosts = n1\n[Graphite]\nwhisper directory = {tmp_path}\n")

    config, _ = scrape("-c", path, "--graphite", word)

    assert {"": expected} == config.destinations
