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
    assert ("n1", "n2") == build_parser().parse_args(words).hosts


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
