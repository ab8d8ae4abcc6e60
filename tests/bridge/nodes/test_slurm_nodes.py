"""The list of Slurm's nodes: hosts and groups."""

from ..slurm_nodes import node_list, record


def test_a_host_is_called_by_its_node_and_reached_at_the_address_of_it():
    """NodeName and NodeAddr."""
    nodes = node_list(record("n1", address="10.0.0.1"), record("n2"))

    assert {"n1": "10.0.0.1", "n2": "n2"} == nodes.hosts


def test_partitions_are_groups():
    """A node may be in several; the group without a name has all nodes."""
    nodes = node_list(record("n1", "a"), record("n2", "a", "b"), record("n3"), partitions=["empty"])

    assert {"": ["n1", "n2", "n3"], "a": ["n1", "n2"], "b": ["n2"]} == nodes.groups
    assert ("a", "b", "empty") == nodes.partitions


def test_two_slurmd_on_one_machine_are_one_host():
    """It is named by the first of its nodes, and in the partitions of all of them."""
    alike = {"address": "10.0.0.1", "host_name": "big"}
    nodes = node_list(record("n10", "b", **alike), record("n9", "a", **alike), record("n11", "a"))

    assert {"n9": "10.0.0.1", "n11": "n11"} == nodes.hosts
    assert {"": ["n9", "n11"], "a": ["n9", "n11"], "b": ["n9"]} == nodes.groups


def test_nodes_at_one_address_with_different_host_names_are_different_hosts():
    """A port is forwarded to each of them, say."""
    nodes = node_list(
        record("n1", address="gate", host_name="a"), record("n2", address="gate", host_name="b")
    )

    assert ["n1", "n2"] == list(nodes.hosts)


def test_a_machine_is_off_if_all_of_its_nodes_are():
    """An ordinary node that is powered down stays: its state says that it is not expected."""
    alike = {"address": "10.0.0.1", "host_name": "big"}
    nodes = node_list(
        record("c1", state="IDLE+CLOUD+POWERED_DOWN"),
        record("c2", state="IDLE+CLOUD+POWERING_DOWN"),
        record("c3", state="IDLE+CLOUD+POWERING_UP"),
        record("c4", state="IDLE+CLOUD"),
        record("f1", "a", state="FUTURE", **alike),
        record("f2", "b", **alike),
        record("f3", state="FUTURE"),
        record("n1", state="IDLE+POWERED_DOWN"),
    )

    assert ["c3", "c4", "f1", "n1"] == list(nodes.hosts)
    assert ["f1"] == nodes.groups["b"]
