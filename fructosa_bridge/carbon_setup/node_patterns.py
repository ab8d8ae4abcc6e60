"""Where the series of nodes are in Graphite, and patterns of that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..model.target import Target
from .name_patterns import of_names


@dataclass(frozen=True)
class Place:
    """Where a target's series are: a prefix, which may be none, and the node."""

    prefix: str
    node: str

    @property
    def path(self) -> str:
        """Both together."""
        return f"{self.prefix}.{self.node}" if self.prefix else self.node


def place(target: Target) -> Place:
    """Return where the series of a *target* are."""
    prefix, _, node = target.path.rpartition(".")
    return Place(prefix, node)


def by_place(targets: Iterable[Target]) -> dict[Place, list[Target]]:
    """Return the targets of each place: a node may be in several sections."""
    found: dict[Place, list[Target]] = {}
    for target in targets:
        found.setdefault(place(target), []).append(target)
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


def is_alone(prefix: str, places: Iterable[Place]) -> bool:
    """Tell whether all below a *prefix* is its nodes: a node may be called as it begins."""
    return bool(prefix) and not any(f"{prefix}.".startswith(f"{one.path}.") for one in places)


def beginning(places: Sequence[Place]) -> str:
    """Return a pattern of what all series of some *places* begin with, to the dot behind the node.

    Below a prefix it takes any node. What goes on behind it begins behind the node: where one
    prefix begins with another, a part of the longer one isn't taken for a node.
    """
    heads = []
    for prefix in deepest_first({place.prefix for place in places}):
        names = [place.node for place in places if place.prefix == prefix]
        heads.append(any_node(prefix) if is_alone(prefix, places) else some_nodes(prefix, names))
    whole = f"(?:{'|'.join(heads)})\\."
    # What is looked ahead for is decided once: the first that fits.
    return f"^(?=({whole}))\\1" if _are_nested(places) else f"^{whole}"


def _are_nested(places: Sequence[Place]) -> bool:
    """Tell whether a path may be taken for that of more than one place."""
    bare = {place.node for place in places if not place.prefix}
    prefixes = {place.prefix for place in places} - {""}
    ordered = sorted(f"{path}." for path in (*bare, *prefixes))
    return any(after.startswith(before) for before, after in pairwise(ordered))
