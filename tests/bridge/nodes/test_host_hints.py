"""What is wrong with a text in place of a node set, and what is probably meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.host_hints import (
    AND_MORE,
    AND_PORT,
    ENDS_IN_PORT,
    HAS_PORT,
    IN_BRACKETS,
    IPV6_IN_BRACKETS,
    IS_URL,
    LIKE_A_FILE,
    brackets_problem,
    host_problem,
    port_warnings,
    range_problem,
)
from fructosa_service.config.kinds import NOT_A_HOST

PORT_9888 = AND_PORT.format(port=9888)


@pytest.mark.parametrize("text", ["node001", "node001.example.org", "10.0.0.1", "fd77::13"])
def test_a_host_has_no_problem(text):
    """A name or an address."""
    assert host_problem(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("node001:9888", HAS_PORT.format(host="node001", port=9888)),
        ("10.0.0.1:99", HAS_PORT.format(host="10.0.0.1", port=99)),
        ("[fd77::1]:9888", HAS_PORT.format(host="fd77::1", port=9888)),
        ("http://node001:9888/metrics", IS_URL.format(host="node001")),
        ("https://node001", IS_URL.format(host="node001")),
        ("node001:9888/metrics", IS_URL.format(host="node001")),
        ("nodes.txt", LIKE_A_FILE.format(path="/etc/fructosa/nodes.txt")),
        ("./cluster/nodes", LIKE_A_FILE.format(path="/etc/fructosa/nodes")),
        ("~/Nodes.LST", LIKE_A_FILE.format(path="/etc/fructosa/Nodes.LST")),
        ("file:///etc/nodes", LIKE_A_FILE.format(path="/etc/fructosa/nodes")),
        ("a;b", NOT_A_HOST),
        ("node001:", NOT_A_HOST),
    ],
)
def test_what_is_not_a_host_is_told_from_what_is_meant(text, problem):
    """A port, a URL and a file are common mistakes, and each has another remedy."""
    assert problem == host_problem(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[fd77::13]", IPV6_IN_BRACKETS.format(host="fd77::13")),
        ("[fd77::13]:9888", IPV6_IN_BRACKETS.format(host="fd77::13") + PORT_9888),
        ("[fd77::12],[fd77::13]", IPV6_IN_BRACKETS.format(host="fd77::12")),
        ("[node001]:9888", IN_BRACKETS.format(part="'node001'")),
        ("node[a-c]", IN_BRACKETS.format(part="'a-c'")),
        ("node[001-128]", None),
        ("node[1,3-5]n[1-10/2]", None),
        ("node[", None),
    ],
)
def test_brackets_are_only_for_numbers(text, problem):
    """Around an IPv6 address they are usual elsewhere."""
    assert problem == brackets_problem(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("node[001-128]:9888", HAS_PORT.format(host="node[001-128]", port=9888)),
        ("r[1-2]n[1,3]-ib:99", HAS_PORT.format(host="r[1-2]n[1,3]-ib", port=99)),
        ("node001:9888", None),
        ("node[001-128]", None),
    ],
)
def test_the_port_of_a_node_set_is_found(text, problem):
    """Rather than that of its first node."""
    assert problem == range_problem(text)


@given(st.text())
def test_any_text_has_one_line_of_problems_at_most(text):
    """Which is printable, whatever the text."""
    for problem in (host_problem(text), brackets_problem(text), range_problem(text)):
        assert problem is None or problem.isprintable()


def test_an_ipv6_address_that_ends_in_a_port_is_suspicious():
    """fd77::13:9888 is a valid address; of a list the first is named, and the others counted."""
    expected = ENDS_IN_PORT.format(host="fd77::12:9888", address="fd77::12", port=9888)

    assert [expected] == list(port_warnings(["fd77::12:9888", "fd77::13"], 9888))
    assert [expected + AND_MORE.format(more=1)] == list(
        port_warnings(["fd77::12:9888", "fd77::13:9100"], 80)
    )


@pytest.mark.parametrize(
    "host", ["fd77::9887", "node001", "10.0.0.1", "fd77:1:2:3:4:5:6:9888", "::1", "fd77::13:988"]
)
def test_other_addresses_are_not_suspicious(host):
    """Nor one that would be no address without its end."""
    assert [] == list(port_warnings([host], 9888))
