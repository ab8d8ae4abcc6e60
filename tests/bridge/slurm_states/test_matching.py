"""Which of Slurm's nodes a target is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output import scontrol
from fructosa_bridge.slurm_states.matching import NodeIndex
from tests.bridge.slurm_output.outputs import recorded

NODE = scontrol.parse(recorded("scontrol")).nodes[0]


def index(*nodes):
    """Return the index of nodes, each given as name, address and host name."""
    return NodeIndex(
        [NODE._replace(name=name, address=at, host_name=host) for name, at, host in nodes]
    )


CLUSTER = index(
    ("n1", "10.0.0.1", "host1"),
    ("n2", "n2.hpc", "host2.hpc.example"),
    ("n3.hpc", "fd00::3", "n3"),
    ("Rack-4", "10.0.0.4", "Rack-4"),
    ("v1", "127.0.0.1", "big"),
    ("v2", "127.0.0.1", "big"),
    ("host1", "10.0.0.9", "other"),
    ("w1.a", "w1.a", "w1.a"),
    ("w1.b", "w1.b", "w1.b"),
)


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("n1", ["n1"]),  # NodeName
        ("host1", ["host1"]),  # NodeName counts before NodeHostName
        ("host2.hpc.example", ["n2"]),  # NodeHostName
        ("10.0.0.1", ["n1"]),  # NodeAddr
        ("n2.hpc", ["n2"]),
        ("fd00::3", ["n3.hpc"]),
        ("rack-4", ["Rack-4"]),  # names of hosts have no case
        ("RACK-4", ["Rack-4"]),
        ("big", ["v1", "v2"]),  # two slurmd on one host
        ("127.0.0.1", ["v1", "v2"]),
        # Short against full names.
        ("n1.hpc.example", ["n1"]),
        ("host2", ["n2"]),
        ("n3", ["n3.hpc"]),
        # Not unique, of different domains, or not there.
        ("w1", []),
        ("w1.c", []),
        ("n3.other", []),  # though its NodeHostName is short
        ("fd00:0::3", ["n3.hpc"]),  # addresses have many forms
        ("n1.", ["n1"]),
        ("host2.other.example", []),
        ("n9", []),
        ("10.0.0.2", []),
        ("10", []),
        ("", []),
    ],
)
def test_a_host_is_found_by_its_name_then_host_name_then_address(host, names):
    """Short names match full ones only if they are unique."""
    assert names == sorted(CLUSTER.find(host))
    assert names == sorted(CLUSTER.find(host))  # as it is remembered


def test_addresses_have_no_short_names():
    """10.0.0.1 is not the host 10."""
    assert () == index(("10", "10.0.0.1", "10.0.0.1")).find("10.0.0.2")


def test_the_slurmd_of_a_machine_have_its_address_and_its_host_name():
    """Also if the target is only one of them."""
    assert ["v1", "v2"] == sorted(CLUSTER.on_machine_of("v1"))
    assert ["n1"] == list(CLUSTER.on_machine_of("n1"))
    assert ["gone"] == list(CLUSTER.on_machine_of("gone"))


def test_without_nodes_nothing_is_found():
    """As before the first reading."""
    assert () == NodeIndex().find("n1")


def test_an_index_is_made_anew_only_if_names_or_addresses_change():
    """Not for states, which change at each reading."""
    found = NodeIndex([NODE])

    assert found.is_of([NODE._replace(base_state="DOWN", reason="x")])
    assert not found.is_of([NODE._replace(address="10.0.0.5")])
    assert not found.is_of([NODE, NODE])


names = st.sampled_from(["a", "b", "A", "a.x", "a.y", "b.x", "c", "10.0.0.1", "fd00::1", ""])


@given(st.lists(st.tuples(names, names, names), max_size=5), names)
def test_a_node_is_found_only_by_a_name_that_it_has(nodes, host):
    """Or by a short form of it; its own NodeName finds it, and no node of another NodeName."""
    one = index(*nodes)

    for found in one.find(host):
        own = {name.lower() for node in nodes if node[0] == found for name in node}
        short = {name.partition(".")[0] for name in own}
        assert host.lower() in own or host.lower().partition(".")[0] in short
    for name, _, _ in nodes:
        assert {name.lower()} == {found.lower() for found in one.find(name)}


def test_a_host_whose_short_name_is_that_of_several_has_candidates():
    """So that a person can be told why it is not found."""
    assert () == CLUSTER.candidates("n1") == CLUSTER.candidates("n9")
    assert ["w1.a", "w1.b"] == sorted(CLUSTER.candidates("w1"))
