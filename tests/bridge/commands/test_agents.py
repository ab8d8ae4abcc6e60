"""`lmaster agents`."""

from fructosa_bridge.cli import main
from fructosa_bridge.nodes.node_sets import NOT_AMONG


def test_a_dry_run_prints_the_ssh_command(config, capsys):
    """With the options of the command line."""
    code = main(["agents", "status", "n1", "--dry-run", "--timeout", "3", "-c", config])

    printed = capsys.readouterr().out
    assert 0 == code
    assert "ssh " in printed
    assert "3 s" in printed
    assert "systemctl is-active lagent" in printed


def test_a_node_that_is_not_configured_is_an_error(config, capsys):
    """Nothing is run."""
    code = main(["agents", "stop", "n3", "-c", config])

    assert 2 == code
    assert f"n3 is {NOT_AMONG.format(source=config)}" in capsys.readouterr().err
