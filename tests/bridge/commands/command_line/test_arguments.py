"""The command line of lmaster."""

import pytest

from fructosa_bridge.cli import build_parser


@pytest.mark.parametrize(
    "words",
    [
        ["agents", "status", "n[1-2]", "--timeout", "5"],
        ["agents", "status", "--timeout", "5", "n[1-2]"],
        ["nodes", "--state", "down", "n[1-2]"],
        ["ping", "-q", "n[1-2]"],
    ],
)
def test_nodes_are_accepted_before_and_after_options(words):
    """As a node set."""
    assert [("n1", "n2")] == build_parser().parse_args(words).node_sets


@pytest.mark.parametrize("command", ["ping", "nodes", "agents start", "agents status"])
def test_several_node_sets_can_be_named(command):
    """As separate arguments; none stands for all nodes."""
    named = build_parser().parse_args([*command.split(), "n1", "n[2-3]"])
    all_nodes = build_parser().parse_args(command.split())

    assert [("n1",), ("n2", "n3")] == named.node_sets
    assert [] == all_nodes.node_sets


@pytest.mark.parametrize(
    ("words", "port"),
    [(["--graphite", "g:x"], 2004), (["--port", "x"], 9889), (["--node", "n:x"], 9888)],
)
def test_the_example_of_a_port_is_that_of_its_service(words, port, capsys):
    """9888 would be wrong for carbon."""
    with pytest.raises(SystemExit):
        build_parser().parse_args(["scrape", *words])

    assert f"{port}\n" in capsys.readouterr().err


def test_start_has_the_options_of_scrape():
    """Except --once: a daemon scrapes until it is stopped."""
    words = ["--node", "n1:1", "--graphite", "g", "--interval", "5", "--port", "0"]
    scrape = vars(build_parser().parse_args(["scrape", *words]))
    start = vars(build_parser().parse_args(["start", *words]))

    assert {"once"} == scrape.keys() - start.keys()
    assert all(start[name] == scrape[name] for name in ("nodes", "graphite", "interval", "port"))


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["unknown"],
        ["agents"],
        ["agents", "unknown"],
        ["nodes", "--state", "unknown"],
        ["scrape", "--interval", "0"],
        ["check", "--series", "0"],
    ],
)
def test_an_invalid_command_line_ends_with_exit_code_2(words, capsys):
    """And with a hint."""
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(words)

    assert 2 == ended.value.code
    assert "--help" in capsys.readouterr().err
