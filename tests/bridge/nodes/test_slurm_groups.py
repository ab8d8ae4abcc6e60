"""@slurm in node sets: as ClusterShell would resolve it."""

import pytest
from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet
from ClusterShell.NodeUtils import GroupResolver, GroupSource
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.nodes.node_sets import INVALID, expand
from fructosa_bridge.nodes.slurm_groups import expand_slurm, names_slurm, partitions_in

from ..slurm_nodes import node_list, record

NODES = node_list(
    *(record(f"node{number:03}", "even" if number % 2 == 0 else "odd") for number in range(1, 9)),
    record("fat1", "fat", "odd"),
    partitions=["empty"],
)
OTHERS = {"rack1": "node[001-003],login1"}
OPERANDS = (
    *("@slurm:odd", "@slurm:even", "@slurm:fat", "@slurm:empty", "@slurm:*"),
    *("@rack1", "node[002-004,7-8]", "node003", "login[1-2],fat1", "n9"),
)


class OwnAndSlurm(GroupResolver):
    """What ClusterShell needs to resolve the same groups by itself."""

    def __init__(self):
        super().__init__(GroupSource("local", OTHERS))
        groups = {name: ",".join(names) for name, names in NODES.groups.items()}
        self.add_source(GroupSource("slurm", groups, allgroups=groups[""]))


def hosts(text):
    """Return the hosts of a node set with @slurm."""
    groups = GroupResolver(GroupSource("local", OTHERS))
    return list(expand_slurm(text, NODES, lambda one: expand(one, groups, may_be_empty=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@slurm", ["fat1", *(f"node{number:03}" for number in range(1, 9))]),
        ("@slurm:fat", ["fat1"]),
        ("@slurm:empty", []),
        ("@slurm:unknown", []),
        ("@slurm!node[001-008]", ["fat1"]),
        ("@slurm ! node[001-007] ! fat1", ["node008"]),
        ("@slurm:fat,login1", ["fat1", "login1"]),
        ("@slurm:fat login1", ["fat1", "login1"]),
        ("login1, @slurm:fat", ["login1", "fat1"]),
        ("@slurm&@rack1", ["node001", "node002", "node003"]),
        ("@rack1!@slurm", ["login1"]),
        ("@slurm:fat^fat[1-2]", ["fat2"]),
    ],
)
def test_slurm_goes_with_the_other_operators(text, expected):
    """They count from the left to the right."""
    assert expected == hosts(text)


@given(
    st.sampled_from(OPERANDS),
    st.lists(st.tuples(st.sampled_from(",!&^"), st.sampled_from(OPERANDS)), max_size=4),
)
def test_the_result_is_that_of_clustershell(first, others):
    """For any operators."""
    text = first + "".join(operator + operand for operator, operand in others)

    assert set(NodeSet(text, resolver=OwnAndSlurm())) == set(hosts(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@slurm!", INVALID),
        ("!@slurm", INVALID),
        ("@slurm,,n1", INVALID),
        ("@slurm,n[1-", INVALID),
        ("@slurm,a%b", "is not a valid host"),
    ],
)
def test_the_other_parts_must_be_valid(text, message):
    """The message has the reason."""
    with pytest.raises(ValueError, match=message):
        expand_slurm(text, NODES, lambda one: expand(one, RESOLVER_NOGROUP))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@slurm", True),
        ("n1,@slurm:gpu", True),
        ("n1 !@slurm", True),
        ("@slurmy", False),
        ("@slurm-old", False),
        ("@rack:@slurm", False),
        ("@local:slurm", False),
        ("slurm", False),
    ],
)
def test_only_the_group_itself_is_slurm(text, expected):
    """Not a group whose name begins with it."""
    assert expected == names_slurm(text)


def test_named_partitions_are_found():
    """In their order; all of Slurm is none."""
    text = "@slurm:gpu!@slurm:a-b_c.d , @slurm:*&@slurm ^@slurm:x"

    assert ["gpu", "a-b_c.d", "x"] == list(partitions_in(text))
