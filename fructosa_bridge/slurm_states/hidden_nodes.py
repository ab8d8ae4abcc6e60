"""Nodes that scontrol does not list: those of CLOUD that are powered down.

slurmctld leaves them out unless slurm.conf has PrivateData = cloud, but counts and names them as
nodes of their partitions (src/slurmctld/node_mgr.c, _node_is_hidden).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import attrgetter

from ..nodes.node_sets import expand
from ..slurm_output.records import NodeRecord, PartitionRecord

_CLOUD = "CLOUD"
_POWERED_DOWN = frozenset({_CLOUD, "POWERED_DOWN"})


class HiddenNodes:
    """Finds them, and remembers the nodes that were listed: what they have, and of which kind."""

    def __init__(self) -> None:
        self._listed: Mapping[str, NodeRecord] = {}

    def find(
        self, nodes: Sequence[NodeRecord], partitions: Sequence[PartitionRecord] | None
    ) -> list[NodeRecord]:
        """Return the powered-down nodes that are not among *nodes*, in the order of their names.

        A node that was listed once is as it was then, with nothing allocated. If it was not one of
        CLOUD, its line is missing for another reason, and it is not returned. Without *partitions*
        only the nodes that were listed once are known.
        """
        before = self._listed
        now = {node.name: node for node in nodes}
        # Those of no partition are known from before alone.
        members = {
            name: one.partitions
            for name, one in before.items()
            if partitions is None or not one.partitions
        }
        members |= _members(nodes, partitions or ())
        found = []
        for name in sorted(members.keys() - now.keys()):
            old = before.get(name)
            if old is None or _CLOUD in old.flags:
                found.append(_powered_down(name, members[name], old))
        self._listed = {name: before[name] for name in members if name in before} | now
        return found


def _members(
    nodes: Sequence[NodeRecord], partitions: Sequence[PartitionRecord]
) -> Mapping[str, tuple[str, ...]]:
    """Return the partitions by node, of those that have more nodes than are listed."""
    listed: Counter[str] = Counter()
    for names, count in Counter(map(attrgetter("partitions"), nodes)).items():
        listed.update(dict.fromkeys(names, count))
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for partition in partitions:
        if partition.total_nodes > listed[partition.name]:
            with suppress(ValueError):  # what cannot be read is unknown
                for name in expand(partition.nodes):
                    found[name] += (partition.name,)
    return found


def _powered_down(name: str, partitions: tuple[str, ...], old: NodeRecord | None) -> NodeRecord:
    if old is None:
        return NodeRecord(name, name, name, "IDLE", _POWERED_DOWN, partitions)
    return old._replace(
        base_state="IDLE",
        flags=_POWERED_DOWN,
        allocated_cpus=0,
        allocated_memory_bytes=0,
        allocated_gpus={},
    )
