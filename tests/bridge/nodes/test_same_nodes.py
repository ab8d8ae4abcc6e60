"""Nodes that are listed twice: by name and by address."""

from threading import Event

import pytest

from fructosa_bridge.model.target import Target
from fructosa_bridge.nodes.same_nodes import (
    AND_MORE,
    NOT_LOOKED_UP,
    SAME_ADDRESS,
    find_addresses,
    same_node_warnings,
    same_nodes,
)

WITHIN_S = 20


def target(host, **more):
    """Return a target at a host."""
    return Target(**{"group": "a", "host": host, "port": 9888, "graphite_path": host, **more})


def same(hosts, address, times=2):
    """Return the warning for hosts with the same address."""
    return SAME_ADDRESS.format(hosts=hosts, address=address, times=times)


def test_a_node_that_is_listed_by_name_and_by_address_is_found():
    """It would be scraped and stored twice."""
    addresses = {"n1": {"10.0.0.1"}, "10.0.0.1": ["10.0.0.1"], "n2": {"10.0.0.2"}}

    found = list(same_nodes(map(target, addresses), addresses))

    assert [same("10.0.0.1 and n1", "10.0.0.1")] == found


def test_a_node_with_several_addresses_in_several_sections_is_one_warning():
    """As localhost, which has an address of each version of IP."""
    addresses = {"a": {"127.0.0.1", "::1"}, "b": {"127.0.0.1", "::1"}}
    targets = [target(host, group=group) for host in addresses for group in ("fast", "slow")]

    (found,) = same_nodes(targets, addresses)

    assert found in (same("a and b", address) for address in addresses["a"])


def test_many_names_of_one_address_share_a_line():
    """As if the name server had the same answer for all names."""
    addresses = {f"n{number}": {"10.0.0.9"} for number in range(1, 101)}

    assert [same("n[1-100]", "10.0.0.9", times=100)] == list(
        same_nodes(map(target, addresses), addresses)
    )


def test_only_the_first_warnings_are_shown():
    """The others are counted."""
    addresses = {f"{letter}{n}": {f"10.0.0.{n}"} for n in range(12) for letter in "ab"}

    found = list(same_nodes(map(target, addresses), addresses))

    assert (11, AND_MORE.format(more=2)) == (len(found), found[-1])


@pytest.mark.parametrize(
    "other",
    [
        target("n1", group="b"),
        target("10.0.0.1", port=9100),
        target("10.0.0.1", path="/other"),
        target("10.0.0.2"),
        target("unknown"),
    ],
)
def test_other_pages_are_not_the_same(other):
    """Nor the same page in two sections, which may differ in their intervals."""
    addresses = {"n1": {"10.0.0.1"}, "10.0.0.1": ["10.0.0.1"], "10.0.0.2": ["10.0.0.2"]}

    assert [] == list(same_nodes([target("n1"), other], addresses))


def test_addresses_are_known_and_names_are_looked_up():
    """Each name once; IPv6 addresses are compared in one spelling."""
    looked_up = []

    def look_up(name):
        looked_up.append(name)
        return {f"address of {name}"}

    found = find_addresses(["n1", "FD77::0:1", "n1", "n2"], WITHIN_S, look_up)

    assert {"n1": {"address of n1"}, "n2": {"address of n2"}, "FD77::0:1": ["fd77::1"]} == found
    assert ["n1", "n2"] == sorted(looked_up)


def test_a_name_server_that_does_not_respond_costs_a_limited_time():
    """What is known then is used."""
    end = Event()

    def look_up(name):
        if name == "slow":
            end.wait(WITHIN_S)
        return {name}

    found = find_addresses(["10.0.0.1", "slow"], 0.01, look_up)
    end.set()

    assert {"10.0.0.1": ["10.0.0.1"]} == found


def test_what_is_not_known_in_time_is_a_warning_too():
    """With the number of hosts."""
    end = Event()

    found = list(
        same_node_warnings([target("10.0.0.1"), target("n1")], 0.01, lambda _: [end.wait(WITHIN_S)])
    )
    end.set()

    assert [NOT_LOOKED_UP.format(left=1, hosts=2, within_s=0.01)] == found


def test_names_alone_are_not_looked_up():
    """Most clusters have only names, and a check need not wait for name servers."""
    assert [] == list(same_node_warnings([target("n1"), target("n2")], WITHIN_S, lambda _: 1 / 0))


@pytest.mark.parametrize(
    ("name", "expected"), [("localhost", True), ("no-such-host.invalid", False), ("a" * 70, False)]
)
def test_this_machine_looks_up_names(name, expected):
    """A name without an address is none of the others."""
    assert expected == bool(find_addresses([name], WITHIN_S)[name])
