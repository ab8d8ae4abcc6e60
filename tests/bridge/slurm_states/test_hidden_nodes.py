"""Cloud nodes that slurmctld leaves out of its list while they are powered down."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output.records import PartitionRecord
from fructosa_bridge.slurm_states.hidden_nodes import HiddenNodes

from ..slurm_nodes import record

NAMES = [f"c{number}" for number in range(6)]


def partition(name, nodes, total_nodes):
    """Return a partition as scontrol reports it."""
    return PartitionRecord(name, is_up=True, total_nodes=total_nodes, nodes=nodes)


def states(nodes):
    """Return the state of each node by its name."""
    return {node.name: "+".join([node.base_state, *sorted(node.flags)]) for node in nodes}


def test_a_node_that_only_its_partitions_name_is_powered_down():
    """Also at the first reading, when it was never listed; in each of its partitions."""
    partitions = [partition("cloud", "c[1-3]", 3), partition("all", "c3,n1", 2)]

    found = HiddenNodes().find([record("n1", "all"), record("c1", "cloud")], partitions)

    assert {"c2": "IDLE+CLOUD+POWERED_DOWN", "c3": "IDLE+CLOUD+POWERED_DOWN"} == states(found)
    assert [("cloud",), ("cloud", "all")] == [node.partitions for node in found]
    assert [0, 0] == [node.cpus for node in found]


def test_what_it_has_is_known_from_when_it_was_listed():
    """Nothing of it is allocated."""
    hidden = HiddenNodes()
    busy = record("c1", "cloud", address="10.0.0.1", state="ALLOCATED+CLOUD")
    busy = busy._replace(cpus=64, allocated_cpus=64, gpus={"a100": 4}, allocated_gpus={"a100": 4})
    partitions = [partition("cloud", "c1,n1", 2)]

    assert [] == hidden.find([busy, record("n1", "cloud")], partitions)
    (found,) = hidden.find([record("n1", "cloud")], partitions)

    assert ("10.0.0.1", 64, 0) == (found.address, found.cpus, found.allocated_cpus)
    assert ({"a100": 4}, {}) == (found.gpus, found.allocated_gpus)


def test_a_node_that_slurm_no_longer_has_is_not_powered_down():
    """Its partitions no longer name it: it was removed from slurm.conf."""
    hidden = HiddenNodes()
    first, second = (record(name, "cloud", state="IDLE+CLOUD") for name in ("c1", "c2"))
    hidden.find([first, second], [partition("cloud", "c[1-2]", 2)])

    assert ["c2"] == [one.name for one in hidden.find([first], [partition("cloud", "c[1-2]", 2)])]
    assert [] == hidden.find([first], [partition("cloud", "c1", 1)])
    assert [] == hidden.find([first], None)


def test_a_node_of_another_kind_that_is_missing_is_not_powered_down():
    """Its line was lost: that it is down on purpose would end the alert of a dead node."""
    hidden = HiddenNodes()
    both = [record("n1", "batch"), record("n2", "batch", state="DOWN+NOT_RESPONDING")]
    hidden.find(both, [partition("batch", "n[1-2]", 2)])

    assert [] == hidden.find(both[:1], [partition("batch", "n[1-2]", 2)])


def test_without_partitions_the_nodes_that_were_listed_are_known():
    """They could not be read; also a node in no partition stays known."""
    hidden = HiddenNodes()
    hidden.find([record("c1", "cloud", state="IDLE+CLOUD"), record("c2", state="IDLE+CLOUD")], [])

    assert ["c1", "c2"] == [node.name for node in hidden.find([], None)]
    assert ["c2"] == [node.name for node in hidden.find([], [])]
    assert ["c2"] == [node.name for node in hidden.find([], None)]


def test_partitions_whose_nodes_cannot_be_read_hide_nothing():
    """As a node set of a later Slurm that this lmaster does not know."""
    for nodes in ("", "(null)", "c[1-", "c[1-99999999]", "@group"):
        assert [] == HiddenNodes().find([], [partition("cloud", nodes, 3)])


@given(st.lists(st.tuples(st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))))
def test_listed_and_hidden_nodes_are_those_of_the_partition(readings):
    """Whatever is powered down, added and removed: each once."""
    hidden = HiddenNodes()
    for members, up in readings:
        nodes = [record(name, "cloud", state="IDLE+CLOUD") for name in sorted(members & up)]
        partitions = [partition("cloud", ",".join(sorted(members)), len(members))]

        found = [node.name for node in hidden.find(nodes, partitions)]

        assert sorted(members - up) == found
