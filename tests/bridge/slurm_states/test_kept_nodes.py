"""The file of Slurm's nodes, and what is logged of their changes."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.slurm_nodes import NO_NODES, ListedNode, NodeList
from fructosa_bridge.slurm_output.records import SlurmReading
from fructosa_bridge.slurm_states import kept_nodes
from fructosa_bridge.slurm_states.kept_file import DAMAGED, NOT_KEPT
from fructosa_bridge.slurm_states.kept_nodes import (
    DROPPED,
    DROPPED_FROM,
    INVALID,
    LEFT,
    OFF,
    TOO_MANY,
    KeptNodes,
    decode,
    encode,
)

from ..slurm_nodes import node_list, reading, record

GRACE_S = 600.0
WORDS = st.sampled_from(["n1", "node002", "gpu", "a.b", "10.0.0.1"])
NODES = st.builds(
    ListedNode,
    WORDS,
    WORDS,
    WORDS,
    st.lists(WORDS).map(tuple),
    st.booleans(),
    st.booleans(),
    st.lists(st.tuples(WORDS, st.floats(0, 2e9))).map(tuple),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@pytest.fixture
def logged(caplog):
    """Return what was logged since the last call."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, "lmaster.slurm")  # lmaster slurm silences it

    def take():
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return lines

    return take


def test_the_list_is_there_after_a_restart(tmp_path):
    """With the nodes that have left it, so that the grace goes on."""
    kept = KeptNodes(tmp_path)
    both = record("n1", "a", address="10.0.0.1"), record("n2", "a")
    assert kept.update(reading(*both, partitions=["empty"]), GRACE_S)
    assert not kept.update(reading(both[0], partitions=["empty"], time_s=1060), GRACE_S)

    again = KeptNodes(tmp_path)

    assert kept.nodes == again.read() == again.nodes
    assert not again.update(reading(both[0], partitions=["empty"], time_s=1659), GRACE_S)
    assert again.update(reading(both[0], partitions=["empty"], time_s=1660), GRACE_S)
    assert ["n1"] == list(KeptNodes(tmp_path).read().hosts)


def test_a_reading_that_is_the_same_writes_nothing(tmp_path):
    """States and reasons are no part of the list."""
    kept = KeptNodes(tmp_path)
    kept.update(reading(record("n1")), GRACE_S)
    kept.path.unlink()

    assert not kept.update(reading(record("n1", state="DOWN+DRAIN"), time_s=1060), GRACE_S)
    assert not kept.path.exists()


@pytest.mark.parametrize("nodes", [None, []])
def test_an_answer_without_nodes_never_empties_the_list(tmp_path, nodes):
    """It was denied, or it is empty."""
    kept = KeptNodes(tmp_path)
    kept.update(reading(record("n1")), GRACE_S)

    for time_s in (1060, 9000):
        assert not kept.update(SlurmReading(time_s, nodes=nodes), GRACE_S)
    assert ["n1"] == list(kept.nodes.hosts)


def test_without_a_file_there_is_no_list(tmp_path, logged):
    """That is how it begins."""
    assert NO_NODES == KeptNodes(tmp_path / "none").read()
    assert [] == logged()


VALID = encode(node_list(record("n1", "a")))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[]", "it is not a list of nodes"),
        ("{}", "it is not a list of nodes"),
        ("[" * 100_000, "recursion"),
        (VALID.replace('"version":1', '"version":2'), "its version is not 1"),
        (VALID.replace('"nodes"', '"other"'), "it is incomplete ('nodes')"),
        (VALID.replace('"n1",', "", 1), "it is incomplete"),
        (VALID.replace('"n1"', "1"), "a name is not text"),
        (VALID.replace('"n1"', '"a/b"', 1), "is not a valid host"),
        (VALID.replace("false", "0", 1), "neither true nor false"),
        (VALID.replace("[]]", '[["a",NaN]]]'), "a time is not a number"),
        (VALID.replace("[]]", '[["a",true]]]'), "a time is not a number"),
        ("\udcff", "it is not JSON"),
    ],
)
def test_a_damaged_file_is_ignored_with_one_log_line(tmp_path, logged, content, reason):
    """The next reading replaces it."""
    kept = KeptNodes(tmp_path)
    kept.path.write_text(content, errors="surrogateescape")

    assert NO_NODES == kept.read()
    (line,) = logged()
    assert line.startswith(DAMAGED.partition(":")[0] % kept.path)
    assert reason in line
    assert kept.update(reading(record("n1")), GRACE_S)
    assert kept.nodes == KeptNodes(tmp_path).read()


@given(st.lists(NODES).map(tuple), st.lists(WORDS).map(tuple))
def test_any_list_is_read_as_it_was_written(nodes, partitions):
    """All of it."""
    assert NodeList(nodes, partitions) == decode(encode(NodeList(nodes, partitions)).encode())


@given(
    ANY_JSON
    | st.fixed_dictionaries(
        {
            "format": st.just("fructosa-slurm-nodes"),
            "version": st.just(1),
            "nodes": ANY_JSON | st.lists(st.lists(ANY_JSON, min_size=7, max_size=7)),
            "partitions": ANY_JSON,
        }
    )
)
def test_any_json_is_a_list_or_refused(value):
    """Never another error."""
    try:
        found = decode(json.dumps(value).encode())
    except ValueError:
        return
    assert isinstance(found, NodeList)


def test_a_list_that_cannot_be_kept_is_used_and_logged_once(tmp_path, logged):
    """The reason is in the message."""
    kept = KeptNodes(tmp_path / "none")

    assert kept.update(reading(record("n1")), GRACE_S)
    assert kept.update(reading(record("n1"), record("n2"), time_s=1060), GRACE_S)

    assert ["n1", "n2"] == list(kept.nodes.hosts)
    (line,) = logged()
    assert line.startswith(NOT_KEPT % f"cannot write {kept.path}")


def test_what_leaves_and_what_is_dropped_is_logged_once_as_a_node_set(tmp_path, logged):
    """Each with the time that is left, or has passed."""
    kept = KeptNodes(tmp_path)
    first, *others = (record(f"n{number}", "a") for number in range(1, 5))
    cloud = record("c1", state="IDLE+CLOUD")
    off = cloud._replace(flags=frozenset({"CLOUD", "POWERED_DOWN"}))

    kept.update(reading(first, *others, cloud), GRACE_S)
    assert [] == logged()
    for time_s in (1060, 1120):
        kept.update(reading(first._replace(partitions=()), off, time_s=time_s), GRACE_S)
    assert [LEFT % ("n[2-4]", GRACE_S), OFF % "c1"] == logged()
    kept.update(reading(first._replace(partitions=()), off, time_s=1660), GRACE_S)
    assert {DROPPED % (GRACE_S, "n[2-4]"), DROPPED_FROM % ("a", GRACE_S, "n1")} == set(logged())
    kept.update(reading(first._replace(partitions=()), time_s=9000), GRACE_S)
    assert [] == logged()


def test_a_long_line_is_cut(tmp_path, logged):
    """It says how many nodes there are."""
    kept = KeptNodes(tmp_path)
    odd = [record(f"node{number}x{number * number}") for number in range(200)]
    kept.update(reading(record("n1"), *odd), GRACE_S)
    kept.update(reading(record("n1"), time_s=1060), GRACE_S)

    (line,) = logged()
    assert len(line) < 700
    assert "(200 in all)" in line


def test_nodes_that_are_no_hosts_are_logged_once(tmp_path, logged):
    """Until there is another one."""
    kept = KeptNodes(tmp_path)

    for time_s in (0, 60):
        kept.update(reading(record("n1"), record("a/b"), time_s=time_s), GRACE_S)
    kept.update(reading(record("n1"), record("a/b"), record("x[1"), time_s=120), GRACE_S)

    assert [INVALID % "a/b", INVALID % "a/b, x[1"] == logged()
    assert ["n1"] == list(kept.nodes.hosts)


def test_more_nodes_than_lmaster_can_have_are_left_out(tmp_path, logged, monkeypatch):
    """With a log line."""
    monkeypatch.setattr(kept_nodes, "MAX_NODES", 3)
    kept = KeptNodes(tmp_path)
    records = [record(f"n{number}") for number in range(4)]

    for time_s in (0, 60):
        kept.update(reading(*records, time_s=time_s), GRACE_S)

    assert 3 == len(kept.nodes.hosts)
    assert [TOO_MANY % (4, 3)] == logged()
