"""Targets that match no node of Slurm, and nodes that no section scrapes."""

import pytest

from fructosa_bridge.slurm_states.matching import NodeIndex
from fructosa_bridge.slurm_states.unmatched import (
    NO_NODE,
    NO_SECTION,
    SEVERAL_HOSTS,
    SEVERAL_NODES,
    named,
    unmatched,
)

from ..known_slurm import node

NAMES_AND_ADDRESSES = NodeIndex(
    [
        node("n1", host="hosta", address="10.0.0.1"),
        node("n2", host="n1", address="fd00::2"),
        node("n3.cluster", address="n4"),
    ]
)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("n1", ("n1",)),  # NodeName comes before NodeHostName
        ("N1", ("n1",)),
        ("hosta", ("n1",)),
        ("10.0.0.1", ("n1",)),
        ("fd00:0::2", ("n2",)),
        ("n4", ("n3.cluster",)),
        ("n3.cluster.", ("n3.cluster",)),
        ("n3", ("n3.cluster",)),
        ("n3.elsewhere", ()),
        ("hosta.cluster", ("n1",)),
        ("10.0.0.9", ()),
        ("login", ()),
    ],
)
def test_a_host_is_a_node_by_name_host_name_or_address(host, expected):
    """In this order; a short name is a full one, but no full name is another full one."""
    assert expected == NAMES_AND_ADDRESSES.find(host)


def test_a_short_name_of_several_nodes_is_none_of_them():
    """They are listed, so that somebody can write the full name."""
    index = NodeIndex([node("n1.a"), node("n1.b")])

    found = unmatched(["n1", "n1.a"], index, ["n1.a", "n1.b"])

    assert (("n1.a",), ()) == (index.find("n1.a"), index.find("n1"))
    assert {"n1": ("n1.a", "n1.b")} == found.several_nodes
    assert (["n1"], ["n1.b"]) == (found.no_node, found.no_section)
    assert SEVERAL_NODES.format(host="n1", nodes="n1.a, n1.b") in found.lines()


def test_one_target_is_enough_for_several_slurmd_on_a_machine():
    """As @slurm makes it, named by the first of them."""
    alike = {"host": "big", "address": "10.0.0.1"}
    index = NodeIndex([node("m1", **alike), node("m2", **alike), node("n1")])

    assert ["n1"] == unmatched(["m1"], index, ["m1", "m2", "n1"]).no_section


def test_several_slurmd_on_one_host_are_all_its_nodes():
    """Also by the short name of the host."""
    index = NodeIndex([node("a", host="big.cluster"), node("b", host="big.cluster")])

    assert ("a", "b") == index.find("big.cluster") == index.find("big")


def test_a_node_that_may_be_hosts_of_two_domains_is_reported():
    """Else a drained node of one cluster would excuse a dead one of another."""
    index = NodeIndex([node("n1", address="10.0.0.1")])

    found = unmatched(["n1.a", "n1.b", "10.0.0.1", "n1"], index, ["n1"])

    assert {"n1": ["n1.a", "n1.b"]} == found.several_hosts
    assert [SEVERAL_HOSTS.format(node="n1", hosts="n1.a, n1.b")] == list(found.lines())


def test_each_kind_is_counted_and_the_first_few_are_named():
    """A host in several sections counts once."""
    index = NodeIndex([node(f"n{number}") for number in range(10)])
    hosts = ["login1", "n9", "login1", "login2"]

    found = unmatched(hosts, index, [f"n{number}" for number in range(10)])

    assert [
        NO_NODE.format(count=2, hosts=3, names="login1, login2"),
        NO_SECTION.format(count=9, names="n0, n1, n2, n3, n4 and 4 more"),
    ] == list(found.lines())


def test_if_all_match_there_is_nothing_to_say():
    """No line at all."""
    index = NodeIndex([node("n1")])

    assert [] == list(unmatched(["n1"], index, ["n1"]).lines())


def test_a_single_name_more_is_named_too():
    """To say that there is 1 more would be as long."""
    assert "a, b, c, d, e, f" == named("abcdef")
    assert "a, b, c, d, e and 2 more" == named("abcdefg")
