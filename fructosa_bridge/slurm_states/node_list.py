"""The list of nodes after a reading: what leaves it stays for the grace."""

import re
from collections.abc import Collection, Iterable, Sequence

from fructosa_service.config.kinds import HOST

from ..nodes.slurm_nodes import ALL, ListedNode, NodeList
from ..slurm_output.records import NodeRecord

_DIGITS = re.compile(r"(\d+)")
_CLOUD = "CLOUD"
_OFF = frozenset({"POWERED_DOWN", "POWERING_DOWN"})


def is_off(record: NodeRecord) -> bool:
    """Return whether there is no machine: FUTURE, or CLOUD and powered down."""
    return record.base_state == "FUTURE" or (
        _CLOUD in record.flags and not record.flags.isdisjoint(_OFF)
    )


def merged(
    before: NodeList,
    records: Iterable[NodeRecord],
    partitions: Collection[str] | None,
    now_s: float,
    grace_s: float,
) -> NodeList:
    """Return the list after a reading at *now_s*, in seconds since 1970.

    A node that left the list, or a partition, at least *grace_s* ago is dropped there; one of
    CLOUD that left the list is off at once. Nodes whose name or address is not that of a host are
    left out. *partitions* is None if they were not read.
    """
    known = {node.name: node for node in before.nodes}
    found: dict[str, ListedNode] = {}
    is_same = partitions is None or sorted(partitions) == list(before.partitions)
    for record in records:
        old = known.pop(record.name, None)
        if old is not None and _is_as_before(old, record):
            found[record.name] = old
            continue
        is_same = False
        if (old is not None and old.address == record.address) or is_valid(record):
            found[record.name] = _listed(old, record, now_s, grace_s)
    if is_same and not known:  # as nearly always
        return before
    for name, old in known.items():
        if (kept := _unlisted(old, now_s, grace_s)) is not None:
            found[name] = kept
    nodes = sorted(found.values(), key=_natural)
    names = {name for node in nodes for name in node.partitions}
    names.update(before.partitions if partitions is None else partitions)
    return NodeList(tuple(nodes), tuple(sorted(names)))


def _is_as_before(old: ListedNode, record: NodeRecord) -> bool:
    return (
        old[1:4] == (record.address, record.host_name, record.partitions)
        and old.is_cloud == (_CLOUD in record.flags)
        and old.is_off == is_off(record)
        and not old.left
    )


def is_valid(record: NodeRecord) -> bool:
    """Return whether a node can be a host, and its address be connected to."""
    try:
        HOST.parse(record.name)
        HOST.parse(record.address)
    except ValueError:
        return False
    return True


def dropped(before: NodeList, after: NodeList) -> dict[str, list[str]]:
    """Return the nodes that were dropped, by group; those of all groups only in ALL.

    Those that were off are left out.
    """
    now = {node.name: node for node in after.nodes}
    found: dict[str, list[str]] = {}
    for old in before.nodes:
        if old.is_off:
            continue
        new = now.get(old.name)
        if new is None:
            found.setdefault(ALL, []).append(old.name)
        elif new.partitions is not old.partitions:
            for partition in set(old.partitions) - set(new.partitions):
                found.setdefault(partition, []).append(old.name)
    return found


def left(before: NodeList, after: NodeList) -> list[str]:
    """Return the nodes that Slurm no longer lists, and that are still scraped."""
    had_left = {node.name for node in before.nodes if _since(node, ALL) is not None}
    return [
        node.name
        for node in after.nodes
        if _since(node, ALL) is not None and not node.is_off and node.name not in had_left
    ]


def _listed(old: ListedNode | None, record: NodeRecord, now_s: float, grace_s: float) -> ListedNode:
    partitions = record.partitions
    left_groups: list[tuple[str, float]] = []
    if old is not None and (old.left or old.partitions != partitions):
        left_groups = _left_partitions(old, partitions, now_s, grace_s)
        partitions = (*partitions, *(name for name, _ in left_groups))
    return ListedNode(
        record.name,
        record.address,
        record.host_name,
        partitions,
        _CLOUD in record.flags,
        is_off(record),
        tuple(left_groups),
    )


def _unlisted(old: ListedNode, now_s: float, grace_s: float) -> ListedNode | None:
    since_s = min(_since(old, ALL) or now_s, now_s)
    if now_s - since_s >= grace_s:
        return None
    left_groups = _left_partitions(old, (), now_s, grace_s)
    return old._replace(
        partitions=tuple(name for name, _ in left_groups),
        is_off=old.is_off or old.is_cloud,
        left=((ALL, since_s), *left_groups),
    )


def _left_partitions(
    old: ListedNode, partitions: Sequence[str], now_s: float, grace_s: float
) -> list[tuple[str, float]]:
    """Return the partitions that a node has left within the grace, and when."""
    found = []
    for name in old.partitions:
        if name not in partitions:
            # A clock that was set back must not keep a node for longer than the grace.
            since_s = min(_since(old, name) or now_s, now_s)
            if now_s - since_s < grace_s:
                found.append((name, since_s))
    return found


def _since(node: ListedNode, group: str) -> float | None:
    return next((since_s for name, since_s in node.left if name == group), None)


def _natural(node: ListedNode) -> tuple[str | int, ...]:
    """Return a key that sorts node9 before node10: text and numbers alternate."""
    return tuple(
        int(part) if index % 2 else part for index, part in enumerate(_DIGITS.split(node.name))
    )
