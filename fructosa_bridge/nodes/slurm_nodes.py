"""The list of Slurm's nodes: what ``@slurm`` and ``@slurm:PARTITION`` stand for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

ALL = ""
"""The group of all nodes; each other group is a partition."""


class ListedNode(NamedTuple):
    """A node that Slurm lists, or has listed within the grace.

    It *is_off* if there is no machine at present; Slurm does not list a CLOUD node while it is
    powered down. *left* has the groups that no longer contain it, each with the time in seconds
    since 1970 at which that was first seen.
    """

    name: str
    address: str
    host_name: str
    partitions: tuple[str, ...] = ()
    is_cloud: bool = False
    is_off: bool = False
    left: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class NodeList:
    """Slurm's nodes, in the order of their names, and all partitions, also those without nodes.

    Several slurmd may run on one machine: it is one host, named by the first of its nodes.
    """

    nodes: Sequence[ListedNode] = ()
    partitions: Sequence[str] = ()

    @cached_property
    def hosts(self) -> Mapping[str, str]:
        """The addresses of the hosts that are not off, by their names."""
        return {one[0].name: one[0].address for one in self._machines}

    @cached_property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The names of the hosts that are not off, by group."""
        found: defaultdict[str, list[str]] = defaultdict(list, {ALL: list(self.hosts)})
        for nodes in self._machines:
            partitions = nodes[0].partitions
            if len(nodes) > 1:
                partitions = tuple({name: None for node in nodes for name in node.partitions})
            for partition in partitions:
                found[partition].append(nodes[0].name)
        return dict(found)

    @property
    def what_targets_show(self) -> object:
        """What targets follow from: hosts, groups and partitions."""
        return self.hosts, self.groups, self.partitions

    @cached_property
    def _machines(self) -> Sequence[Sequence[ListedNode]]:
        """The nodes of each machine that is not off."""
        machines: dict[tuple[str, str], list[ListedNode]] = {}
        for node in self.nodes:
            machines.setdefault((node.address, node.host_name), []).append(node)
        return [
            nodes
            for nodes in machines.values()
            if not nodes[0].is_off or not all(node.is_off for node in nodes)
        ]


NO_NODES = NodeList()
"""The list before Slurm was read for the first time."""
