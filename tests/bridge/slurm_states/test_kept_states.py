"""The file of the nodes that are out of use."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_states.kept_file import DAMAGED
from fructosa_bridge.slurm_states.kept_states import KeptNode, KeptStates, decode, encode
from fructosa_bridge.slurm_states.node_states import NodeState, node_state

from ..slurm_nodes import record

NODES = st.builds(
    KeptNode,
    st.text(),
    st.text(),
    st.text(),
    st.builds(
        NodeState,
        st.text(),
        st.booleans(),
        st.none() | st.text(),
        st.none() | st.text(),
        st.none() | st.floats(0, 2e9),
    ),
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


def update(kept, *nodes):
    """Keep the states of these nodes."""
    kept.update(nodes, {node.name: node_state(node, "slurm") for node in nodes})


def test_nodes_that_are_out_of_use_are_known_after_a_restart(tmp_path):
    """With the reason, who gave it, and when; those in use are not in the file."""
    drained = record("n1", address="10.0.0.1", state="IDLE+DRAIN")._replace(
        reason="bad DIMM", reason_user="root", reason_time_s=1000.0
    )
    dead = record("n3", state="DOWN+NOT_RESPONDING")
    update(KeptStates(tmp_path, "lab"), drained, record("n2"), dead)

    first, second = KeptStates(tmp_path, "lab").read()

    state = NodeState("drained", False, "bad DIMM", "root", 1000.0)
    assert KeptNode("n1", "10.0.0.1", "n1", state) == first
    assert ("n3", "down", True) == (second.name, *second.state[:2])


def test_states_of_another_slurm_are_not_used(tmp_path):
    """A node of the same name may be well there."""
    update(KeptStates(tmp_path, "lab"), record("n1", state="IDLE+DRAIN"))

    assert [] == KeptStates(tmp_path, "other").read()


def test_the_file_is_written_when_a_state_changes(tmp_path):
    """Not at each reading."""
    kept = KeptStates(tmp_path, "lab")
    update(kept, record("n1"), record("n2", state="IDLE+DRAIN"))
    kept.path.unlink()

    update(kept, record("n1", state="ALLOCATED"), record("n2", state="IDLE+DRAIN"))
    assert not kept.path.exists()
    update(kept, record("n1"), record("n2"))
    assert [] == KeptStates(tmp_path, "lab").read()
    assert kept.path.exists()


def test_without_a_file_no_state_is_known(tmp_path, caplog):
    """That is how it begins."""
    assert [] == KeptStates(tmp_path / "none", "lab").read()
    assert [] == caplog.records


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("fructosa-slurm-states", "other", "it is not a list of states"),
        ('"version":1', '"version":2', "its version is not 1"),
        ('"source"', '"other"', "it is incomplete"),
        ('"n1",', "", "it is incomplete"),
        ('"n1"', "1", "a name is not text"),
        ("false", "0", "a value is neither true nor false"),
    ],
)
def test_a_damaged_file_is_ignored_with_a_log_line(tmp_path, caplog, old, new, reason):
    """The next reading replaces it."""
    caplog.set_level("INFO", "lmaster.slurm")
    kept = KeptStates(tmp_path, "lab")
    update(kept, record("n1", state="IDLE+DRAIN"))
    kept.path.write_text(kept.path.read_text().replace(old, new, 1))

    assert [] == KeptStates(tmp_path, "lab").read()
    (line,) = (one.getMessage() for one in caplog.records)
    assert line.startswith(DAMAGED.partition(":")[0] % kept.path)
    assert reason in line


@given(st.text(), st.lists(NODES))
def test_any_states_are_read_as_they_were_written(source, nodes):
    """All of them."""
    assert (source, nodes) == decode(encode(source, nodes).encode())


@given(
    ANY_JSON
    | st.fixed_dictionaries(
        {
            "format": st.just("fructosa-slurm-states"),
            "version": st.just(1),
            "source": ANY_JSON,
            "nodes": ANY_JSON | st.lists(st.lists(ANY_JSON, min_size=8, max_size=8)),
        }
    )
)
def test_any_json_is_a_list_of_states_or_refused(value):
    """Never another error."""
    try:
        source, nodes = decode(json.dumps(value).encode())
    except ValueError:
        return
    assert isinstance(source, str)
    assert all(isinstance(node, KeptNode) for node in nodes)
