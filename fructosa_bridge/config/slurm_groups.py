"""The groups ``@slurm`` and ``@slurm:PARTITION`` of node sets; others come from groups.conf."""

import re
from collections.abc import Iterator
from typing import Any

from ClusterShell.NodeUtils import GroupResolver

from .slurm_nodes import ALL, NodeList

SOURCE = "slurm"
_ALL_OF_SOURCE = "*"  # as in @slurm:*
_GROUP = re.compile(r"(?<![@:\w])@slurm(?![\w.-])(?::(?P<partition>[^\s,!&^@]+))?")


def names_slurm(text: str) -> bool:
    """Return whether a node set contains ``@slurm``, or a partition of it."""
    return _GROUP.search(text) is not None


def partitions_in(text: str) -> Iterator[str]:
    """Yield the partitions that a node set names."""
    for match in _GROUP.finditer(text):
        if (name := match["partition"]) and name != _ALL_OF_SOURCE:
            yield name


def only_group(text: str) -> str | None:
    """Return the group if a node set is nothing else, or None."""
    match = _GROUP.fullmatch(text.strip())
    return None if match is None else _group(match["partition"])


def _group(partition: str | None) -> str:
    return ALL if partition in (None, _ALL_OF_SOURCE) else str(partition)


class SlurmGroups(GroupResolver):  # type: ignore[misc]
    """Resolves ``@slurm`` to the nodes of a list; *other* resolves all other groups.

    A partition that the list does not have is empty.
    """

    def __init__(self, nodes: NodeList, other: Any) -> None:
        super().__init__()
        self._nodes = nodes
        self._other = other

    def group_nodes(self, group: str, namespace: str | None = None) -> list[str]:
        """Return the nodes of a group."""
        if namespace == SOURCE:
            return list(self._nodes.groups.get(_group(group), ()))
        if namespace is None and group == SOURCE:
            return list(self._nodes.groups[ALL])
        found: list[str] = self._other.group_nodes(group, namespace)
        return found

    def all_nodes(self, namespace: str | None = None) -> list[str]:
        """Return all nodes of a source."""
        if namespace == SOURCE:
            return list(self._nodes.groups[ALL])
        found: list[str] = self._other.all_nodes(namespace)
        return found

    def grouplist(self, namespace: str | None = None) -> list[str]:
        """Return the groups of a source."""
        if namespace == SOURCE:
            return list(self._nodes.partitions)
        found: list[str] = self._other.grouplist(namespace)
        return found
