"""Slurm's list of nodes, kept in a file: it is in use before Slurm is read, and while it is away.

The file is JSON: a version, the partitions, and for each node its name, its address, its host name,
its partitions, whether it is one of CLOUD, whether it is off, and the groups that it has left with
their times.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fructosa_service.config.kinds import HOST
from fructosa_service.errors import visible

from ..nodes.node_sets import MAX_NODES, fold
from ..nodes.slurm_nodes import ALL, NO_NODES, ListedNode, NodeList
from ..slurm_output.records import SlurmReading
from . import node_list
from .kept_file import FileFormat, KeptFile, text, time_s, truth

log = logging.getLogger("lmaster.slurm")

LEFT = "Slurm no longer lists %s; scraped for another %g s"
DROPPED = "no longer scraped, as Slurm has not listed it for %g s: %s"
DROPPED_FROM = "no longer in @slurm:%s, as Slurm has not listed it there for %g s: %s"
OFF = "no longer scraped, as Slurm has switched it off: %s"
INVALID = "Slurm's nodes that are no valid hosts are not scraped: %s"
TOO_MANY = "Slurm lists %d nodes; the first %d are scraped"

FORMAT = FileFormat("fructosa-slurm-nodes", 1, "a list of nodes")
_LONGEST_TEXT = 500


class KeptNodes:
    """The list in use, and its file in the data directory."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "slurm-nodes.json"
        self._file = KeptFile(self.path)
        self.nodes = NO_NODES
        self._invalid: set[str] = set()

    def read(self) -> NodeList:
        """Return the list in the file and use it; a damaged file is ignored with a log line."""
        self.nodes = self._file.read(decode) or self.nodes
        return self.nodes

    def merged(self, reading: SlurmReading, grace_s: float) -> NodeList:
        """Return the list after a reading; one without nodes changes nothing."""
        if not reading.nodes:
            return self.nodes
        records = reading.nodes[:MAX_NODES]
        partitions = None if reading.partitions is None else [p.name for p in reading.partitions]
        return node_list.merged(self.nodes, records, partitions, reading.time_s, grace_s)

    def update(self, reading: SlurmReading, grace_s: float) -> bool:
        """Use a reading, and keep the list if it changes; return whether targets may change."""
        before, after = self.nodes, self.merged(reading, grace_s)
        if after is not before or len(reading.nodes or ()) != len(after.nodes):
            self._log_invalid(reading, after)
        if after == before:
            return False
        self.nodes = after
        _log_changes(before, after, grace_s)
        self._file.write(encode(after))
        return before.what_targets_show != after.what_targets_show

    def _log_invalid(self, reading: SlurmReading, after: NodeList) -> None:
        """Log nodes that cannot be targets, whenever there are others."""
        records, names = reading.nodes or (), {node.name for node in after.nodes}
        invalid = {one.name for one in records[:MAX_NODES] if one.name not in names}
        if invalid - self._invalid:
            log.warning(INVALID, visible(_cut(", ".join(sorted(invalid)), len(invalid))))
        self._invalid = invalid
        if len(records) > MAX_NODES and len(self.nodes.nodes) < MAX_NODES:
            log.warning(TOO_MANY, len(records), MAX_NODES)


def encode(nodes: NodeList) -> str:
    """Return the content of the file."""
    return FORMAT.encode(partitions=nodes.partitions, nodes=nodes.nodes)


def decode(content: bytes) -> NodeList:
    """Return the list in the content of a file.

    Raises: ValueError if it is not valid.
    """
    found = FORMAT.decode(content)
    try:
        nodes = tuple(_node(*fields) for fields in found["nodes"])
        return NodeList(nodes, tuple(map(text, found["partitions"])))
    except (TypeError, KeyError) as error:
        raise ValueError(f"it is incomplete ({error})") from None


def _node(
    name: Any,
    address: Any,
    host_name: Any,
    partitions: Any,
    is_cloud: Any,
    is_off: Any,
    left: Any,
) -> ListedNode:
    return ListedNode(
        HOST.parse(text(name)),
        HOST.parse(text(address)),
        text(host_name),
        tuple(map(text, partitions)),
        truth(is_cloud),
        truth(is_off),
        tuple((text(group), time_s(since_s)) for group, since_s in left),
    )


def _log_changes(before: NodeList, after: NodeList, grace_s: float) -> None:
    if left := node_list.left(before, after):
        log.warning(LEFT, _names(left), grace_s)
    for group, names in node_list.dropped(before, after).items():
        if group == ALL:
            log.warning(DROPPED, grace_s, _names(names))
        else:
            log.warning(DROPPED_FROM, group, grace_s, _names(names))
    was_on = {node.name for node in before.nodes if not node.is_off}
    if off := [node.name for node in after.nodes if node.is_off and node.name in was_on]:
        log.info(OFF, _names(off))


def _names(names: Sequence[str]) -> str:
    return _cut(fold(names), len(names))


def _cut(text: str, count: int) -> str:
    """Return a text that names so many nodes, at most some lines of it."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}… ({count} in all)"
