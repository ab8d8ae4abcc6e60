"""The list of nodes after readings: what leaves it stays for the grace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.slurm_nodes import ALL, NO_NODES
from fructosa_bridge.slurm_states.node_list import dropped, is_off, is_valid, left, merged

from ..slurm_nodes import record

GRACE_S = 600.0


def after(readings, grace_s=GRACE_S):
    """Return the list after readings: their times, and the records of each."""
    nodes = NO_NODES
    for time_s, records in readings:
        nodes = merged(nodes, records, None, time_s, grace_s)
    return nodes


def names(nodes, group=ALL):
    """Return the hosts of a group."""
    return set(nodes.groups.get(group, ()))


HISTORIES = st.lists(
    st.tuples(
        st.integers(0, 400),  # seconds since the reading before
        st.dictionaries(
            st.sampled_from(["n1", "n2", "n3"]), st.sets(st.sampled_from("ab")), min_size=1
        ),
    ),
    min_size=1,
    max_size=12,
)


@given(HISTORIES, st.sampled_from([0, 100, 600]))
def test_a_node_is_a_target_if_and_only_if_it_was_listed_within_the_grace(history, grace_s):
    """In each group by itself, whatever the history is.

    The grace begins with the first reading that does not have it: while Slurm is not read, nothing
    is dropped.
    """
    nodes, now_s = NO_NODES, 1000.0
    since: dict[tuple[str, str], float | None] = {}  # None while it is listed
    for seconds, listed in history:
        now_s += seconds
        records = [record(name, *sorted(groups)) for name, groups in listed.items()]
        nodes = merged(nodes, records, None, now_s, grace_s)
        present = {(name, group) for name in listed for group in {ALL, *listed[name]}}
        since |= dict.fromkeys(present)
        for key in since.keys() - present:
            since[key] = now_s if since[key] is None else since[key]
        since = {
            key: gone_s
            for key, gone_s in since.items()
            if gone_s is None or now_s - gone_s < grace_s
        }

        found = {(name, group) for group, hosts in nodes.groups.items() for name in hosts}
        assert since.keys() == found


def test_a_node_that_comes_back_within_the_grace_was_never_gone():
    """Nothing of it has changed."""
    both = [record("n1", "a"), record("n2", "a")]

    before = after([(0, both)])
    between = after([(0, both), (60, both[:1])])
    back = after([(0, both), (60, both[:1]), (659, both)])

    assert before.what_targets_show == between.what_targets_show
    assert before == back


def test_the_order_is_that_of_the_names_also_while_a_node_is_missing():
    """Else another node of its machine would give it its name."""
    alike = {"address": "10.0.0.1", "host_name": "big"}
    both = [record("n9", **alike), record("n10", **alike)]

    missing = after([(0, both), (60, both[1:])])
    gone = after([(0, both), (60, both[1:]), (660, both[1:])])

    assert ["n9"] == list(missing.hosts)
    assert ["n10"] == list(gone.hosts)


def test_a_new_address_is_used_at_once():
    """The node stays the same."""
    nodes = after([(0, [record("n1", address="a")]), (60, [record("n1", address="b")])])

    assert {"n1": "b"} == nodes.hosts


@pytest.mark.parametrize("clock_s", [-10_000, 10])
def test_a_clock_that_is_set_back_does_not_keep_a_node_for_ever(clock_s):
    """The grace begins anew."""
    both = [record("n1"), record("n2")]
    readings = [(0, both), (60, both[:1]), (clock_s, both[:1])]

    nodes = after(readings)
    later = after([*readings, (clock_s + GRACE_S, both[:1])])

    assert {"n1", "n2"} == names(nodes)
    assert {"n1"} == names(later)


def test_a_cloud_node_that_is_no_longer_listed_is_off_at_once():
    """Slurm does not list it while it is powered down. It may come back."""
    cloud = record("c1", "cloud", state="IDLE+CLOUD")
    node = record("n1")

    off = after([(0, [node, cloud]), (60, [node])])
    back = after([(0, [node, cloud]), (60, [node]), (120, [node, cloud])])

    assert {"n1"} == names(off)
    assert ("cloud",) == off.partitions
    assert {"c1"} == names(back, "cloud")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("FUTURE", True),
        ("IDLE+CLOUD+POWERED_DOWN", True),
        ("IDLE+CLOUD+POWERING_DOWN", True),
        ("IDLE+CLOUD+POWERING_UP", False),
        ("DOWN+CLOUD", False),
        ("IDLE+POWERED_DOWN", False),
        ("DOWN+DRAIN", False),
    ],
)
def test_only_a_node_without_a_machine_is_off(state, expected):
    """Others are scraped whatever their state is."""
    assert expected == is_off(record("n1", state=state))


def test_what_is_no_host_is_left_out():
    """Nobody could connect to it."""
    odd = [record("a/b"), record("n1", address="x y"), record("n2", address="10.0.0.300")]

    assert set() == names(after([(0, odd)]))
    assert [False] * 3 == list(map(is_valid, odd))
    assert is_valid(record("n1", address="fe80::1"))


def test_partitions_are_those_of_the_reading_and_of_the_nodes():
    """A partition that was not read stays."""
    first = merged(NO_NODES, [record("n1", "a")], ["a", "empty"], 0, GRACE_S)

    assert ("a", "empty") == first.partitions
    assert ("a", "empty") == merged(first, [record("n1", "a")], None, 60, GRACE_S).partitions
    assert ("a", "b") == merged(first, [record("n1", "b")], ["b"], 60, GRACE_S).partitions


def test_changes_are_told_apart():
    """Nodes that have left are those that are still scraped; those dropped are named by group."""
    all_nodes = [
        record("n1", "a"),
        record("n2", "a"),
        record("n3"),
        record("c1", state="IDLE+CLOUD"),
    ]
    before = after([(0, all_nodes)])
    missing = after([(0, all_nodes), (60, [record("n1"), record("n2", "a")])])
    gone = after(
        [(0, all_nodes), *((time_s, [record("n1"), record("n2", "a")]) for time_s in (60, 660))]
    )

    assert ["n3"] == left(before, missing)
    assert [] == left(missing, missing)
    assert {} == dropped(before, missing)
    assert {ALL: ["n3"], "a": ["n1"]} == dropped(missing, gone)
