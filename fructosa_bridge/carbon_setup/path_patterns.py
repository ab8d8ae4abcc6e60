"""Regular expressions for Graphite paths: short patterns for names, and for the paths of nodes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..model.target import Target


def names_pattern(names: Iterable[str]) -> str:
    """Return a pattern that matches *names* and nothing else, as short as it may be.

    For node[001-012] it is ``node0(?:0[1-9]|1[0-2])``: names share a common beginning, and letters
    with the same continuation share that.
    """
    return _pattern(sorted(set(names)))


def _pattern(names: list[str]) -> str:
    beginning = _common_beginning(names)
    if beginning:
        return re.escape(beginning) + _pattern([name[len(beginning) :] for name in names])
    letters_by_rest: dict[str, str] = {}  # a pattern → the letters that it follows
    for letter, rests in _by_first_letter(names).items():
        if letter:
            rest = _pattern(rests)
            letters_by_rest[rest] = letters_by_rest.get(rest, "") + letter
    choices = [_letters(letters) + rest for rest, letters in letters_by_rest.items()]
    if not choices:
        return ""
    if "" in names:
        return f"(?:{'|'.join(choices)})?"
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})"


def _common_beginning(names: list[str]) -> str:
    """Return the common beginning of sorted *names*, which is that of the first and the last."""
    first, last = names[0], names[-1]
    for at, letter in enumerate(first):
        if at >= len(last) or last[at] != letter:
            return first[:at]
    return first


def _by_first_letter(names: list[str]) -> dict[str, list[str]]:
    rests: dict[str, list[str]] = {}
    for name in names:
        rests.setdefault(name[:1], []).append(name[1:])
    return rests


def _letters(letters: str) -> str:
    """Return a pattern for one of some sorted *letters*."""
    if len(letters) == 1:
        return re.escape(letters)
    return f"[{''.join(map(_range, _consecutive(letters)))}]"


def _consecutive(letters: str) -> list[str]:
    """Return sorted *letters*, split where one is missing."""
    runs = [letters[0]]
    for letter in letters[1:]:
        if ord(letter) == ord(runs[-1][-1]) + 1:
            runs[-1] += letter
        else:
            runs.append(letter)
    return runs


def _range(run: str) -> str:
    if len(run) < 3:
        return re.escape(run)
    return f"{re.escape(run[0])}-{re.escape(run[-1])}"


@dataclass(frozen=True)
class NodePath:
    """The path of a node in Graphite: a prefix, which may be empty, and the node."""

    prefix: str
    node: str

    @property
    def path(self) -> str:
        """Prefix and node."""
        return f"{self.prefix}.{self.node}" if self.prefix else self.node


def node_path(target: Target) -> NodePath:
    """Return the path below which a *target* has its series."""
    prefix, _, node = target.graphite_path.rpartition(".")
    return NodePath(prefix, node)


def by_node_path(targets: Iterable[Target]) -> dict[NodePath, list[Target]]:
    """Return the targets of each node; several sections may scrape it."""
    grouped: dict[NodePath, list[Target]] = {}
    for target in targets:
        grouped.setdefault(node_path(target), []).append(target)
    return grouped


def any_node_pattern(prefix: str) -> str:
    """Return a pattern for every node below a *prefix*."""
    return f"{names_pattern([prefix])}\\.[^.]+"


def nodes_pattern(prefix: str, nodes: Sequence[str]) -> str:
    """Return a pattern for *nodes* below a *prefix*, which may be empty."""
    return f"{names_pattern([prefix])}\\.{names_pattern(nodes)}" if prefix else names_pattern(nodes)


def deepest_first(prefixes: Iterable[str]) -> list[str]:
    """Return *prefixes* in an order in which none comes after its own beginning."""
    return sorted(prefixes, key=lambda prefix: (not prefix, -prefix.count("."), prefix))


def has_only_nodes(prefix: str, node_paths: Iterable[NodePath]) -> bool:
    """Return whether everything below a *prefix* is the path of a node.

    It is not if the prefix begins with the path of a node: then it also has series of that node.
    """
    return bool(prefix) and not any(f"{prefix}.".startswith(f"{one.path}.") for one in node_paths)


def series_start_pattern(node_paths: Sequence[NodePath]) -> str:
    """Return a pattern for the beginning of all series of some nodes, with the dot after the node.

    Below a prefix it matches every node, also future ones. If one prefix begins with another, it
    never takes a part of the longer prefix for a node.
    """
    heads = []
    for prefix in deepest_first({one.prefix for one in node_paths}):
        nodes = [one.node for one in node_paths if one.prefix == prefix]
        heads.append(
            any_node_pattern(prefix)
            if has_only_nodes(prefix, node_paths)
            else nodes_pattern(prefix, nodes)
        )
    pattern = f"(?:{'|'.join(heads)})\\."
    # A lookahead does not backtrack: the first head that matches is final. An atomic group would do
    # the same, but Python has them only since 3.11, and carbon may run on an older one.
    return f"^(?=({pattern}))\\1" if _are_ambiguous(node_paths) else f"^{pattern}"


def _are_ambiguous(node_paths: Sequence[NodePath]) -> bool:
    """Return whether a path may match more than one prefix."""
    nodes = {one.node for one in node_paths if not one.prefix}
    prefixes = {one.prefix for one in node_paths} - {""}
    ordered = sorted(f"{path}." for path in (*nodes, *prefixes))
    return any(after.startswith(before) for before, after in pairwise(ordered))
