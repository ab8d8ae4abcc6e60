"""Where the series of nodes are in Graphite, and patterns of that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..model.target import Target
from .name_patterns import of_names


@dataclass(frozen=True)
class NodePath:
    """Where a target's series are: a prefix, which may be none, and the node."""

    prefix: str
    node: str

    @property
    def path(self) -> str:
        """Both together."""
        return f"{self.prefix}.{self.node}" if self.prefix else self.node


def node_path(target: Target) -> NodePath:
    """Return where the series of a *target* are."""
    prefix, _, node = target.graphite_path.rpartition(".")
    return NodePath(prefix, node)


def by_node_path(targets: Iterable[Target]) -> dict[NodePath, list[Target]]:
    """Return the targets of each place: a node may be in several sections."""
    found: dict[NodePath, list[Target]] = {}
    for target in targets:
        found.setdefault(node_path(target), []).append(target)
    return found


def any_node(prefix: str) -> str:
    """Return a pattern of all nodes below a *prefix*."""
    return f"{of_names([prefix])}\\.[^.]+"


def some_nodes(prefix: str, names: Sequence[str]) -> str:
    """Return a pattern of the nodes *names* below a *prefix*, which may be none."""
    return f"{of_names([prefix])}\\.{of_names(names)}" if prefix else of_names(names)


def deepest_first(prefixes: Iterable[str]) -> list[str]:
    """Return *prefixes* so that none comes after one that it begins with."""
    return sorted(prefixes, key=lambda prefix: (not prefix, -prefix.count("."), prefix))


def is_alone(prefix: str, places: Iterable[NodePath]) -> bool:
    """Tell whether all below a *prefix* is its nodes: a node may be called as it begins."""
    return bool(prefix) and not any(f"{prefix}.".startswith(f"{one.path}.") for one in places)


def beginning(places: Sequence[NodePath]) -> str:
    """Return a pattern of what all series of some *places* begin with, to the dot behind the node.

    Below a prefix it takes any node. What goes on behind it begins behind the node: where one
    prefix begins with another, a part of the longer one isn't taken for a node.
    """
    heads = []
    for prefix in deepest_first({node_path.prefix for node_path in places}):
        names = [node_path.node for node_path in places if node_path.prefix == prefix]
        heads.append(any_node(prefix) if is_alone(prefix, places) else some_nodes(prefix, names))
    whole = f"(?:{'|'.join(heads)})\\."
    # What is looked ahead for is decided once: the first that fits.
    return f"^(?=({whole}))\\1" if _are_nested(places) else f"^{whole}"


def _are_nested(places: Sequence[NodePath]) -> bool:
    """Tell whether a path may be taken for that of more than one place."""
    bare = {node_path.node for node_path in places if not node_path.prefix}
    prefixes = {node_path.prefix for node_path in places} - {""}
    ordered = sorted(f"{path}." for path in (*bare, *prefixes))
    return any(after.startswith(before) for before, after in pairwise(ordered))
