"""The configuration and the targets of commands."""

import pytest

from fructosa_bridge.cli import build_parser, main
from fructosa_bridge.commands.command_line.load_config import (
    NO_SLURM_NODES,
    load_again,
    load_selected,
    load_to_scrape,
    targets_of_all_shards,
    targets_of_shard,
)
from fructosa_bridge.config.settings import GraphiteSettings
from fructosa_bridge.config.slurm_sections import WITHOUT_SECTION
from fructosa_bridge.slurm_states.kept_nodes import KeptNodes
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ConfigError, ServiceError, UsageError

from ...slurm_nodes import reading, record, write_scontrol


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


@pytest.fixture
def slurm(tmp_path):
    """A configuration with Slurm's nodes, whose commands are in the same folder."""
    return write(
        tmp_path,
        f"[lmaster]\ndata directory = {tmp_path}\n[nodes:all]\nhosts = @slurm\n"
        f"[nodes:gpu]\nhosts = @slurm:gpu!n1\nprefix = gpu\n[slurm]\ncommands = {tmp_path}\n",
    )


def hosts(targets):
    """Return sections and hosts of targets."""
    return [(target.group, target.host) for target in targets]


def test_a_start_uses_the_kept_list_and_never_reads_slurm(tmp_path, slurm):
    """Without one there are no targets yet; what the list lacks may come."""
    write_scontrol(tmp_path, record("n1"))
    _, before = scrape("-c", slurm)
    KeptNodes(tmp_path).update(reading(record("n2", "debug"), record("n3", "debug")), 600)
    _, after = scrape("-c", slurm)

    assert [] == before
    assert [("all", "n2"), ("all", "n3")] == hosts(after)


def test_a_single_scrape_reads_slurm_first(tmp_path, slurm):
    """The kept list may be old."""
    KeptNodes(tmp_path).update(reading(record("n1", "gpu")), 600)
    write_scontrol(tmp_path, record("n1", "gpu"), record("n2", "gpu"))

    _, targets = scrape("--once", "-c", slurm)

    assert [("all", "n1"), ("all", "n2"), ("gpu", "n2")] == hosts(targets)


def test_a_single_scrape_without_any_list_is_an_error(slurm):
    """It says what to do."""
    with pytest.raises(ServiceError, match="are not known"):
        scrape("--once", "-c", slurm)


def test_a_reload_refuses_a_partition_that_slurm_does_not_have(tmp_path, slurm):
    """A start does not: it must be possible while Slurm is away.

    Nor does a reload before there is a list.
    """
    arguments = build_parser().parse_args(["scrape", "-c", slurm])
    write_scontrol(tmp_path, is_up=False)

    assert [] == load_again(arguments)[1]
    KeptNodes(tmp_path).update(reading(record("n1", "debug")), 600)
    assert [("all", "n1")] == hosts(load_to_scrape(arguments)[1])
    with pytest.raises(ConfigError, match="names the partition 'gpu'"):
        load_again(arguments)


def test_slurm_on_the_command_line_selects_its_nodes(tmp_path, slurm):
    """Also where the file has them by name."""
    KeptNodes(tmp_path).update(reading(record("n1", "gpu"), record("n2", "x")), 600)
    own = write(
        tmp_path, f"[lmaster]\ndata directory = {tmp_path}\n[nodes:a]\nhosts = n[1-3]\n[slurm]\n"
    )

    def selected(*words):
        return hosts(load_selected(build_parser().parse_args(["ping", "-c", own, *words]))[1])

    assert [("a", "n1")] == selected("@slurm:gpu")
    assert [("a", "n2")] == selected("@slurm!n1")
    with pytest.raises(UsageError, match="names the partition 'y'"):
        selected("@slurm:y")


def test_slurm_on_the_command_line_needs_the_section(config):
    """As in hosts."""
    with pytest.raises(UsageError, match=f"'@slurm' {WITHOUT_SECTION[:20]}"):
        load_selected(build_parser().parse_args(["ping", "-c", config, "@slurm"]))


@pytest.mark.parametrize("command", ["targets", "ping", "schemas", "check"])
def test_sections_whose_nodes_are_all_off_have_no_targets(command, tmp_path, slurm, capsys):
    """Prometheus must not drop all targets; `lmaster check` has nothing to complain about."""
    off = record("f1", "gpu", state="FUTURE")
    KeptNodes(tmp_path).update(reading(off), 600)

    code = main([command, "-c", slurm])

    printed = capsys.readouterr()
    message = NO_SLURM_NODES.format(sections="[nodes:all], [nodes:gpu]")
    assert (0 if command == "check" else 2) == code
    assert message in printed.out + printed.err
