"""The groups ``@slurm`` and ``@slurm:PARTITION`` of node sets; others come from groups.conf."""

import re
from collections.abc import Callable, Iterable, Iterator

from .node_sets import INVALID, compact
from .slurm_nodes import ALL, NodeList

_GROUP = re.compile(r"(?<![@:\w])@slurm(?![\w.-])(?::(?P<partition>[^\s,!&^@]+))?")
# An operator, or what is between two of them; in brackets there are none.
_PARTS = re.compile(r"([,!&^])|((?:[^,!&^\[]|\[[^\[\]]*+\]?)++)")
_ALL_OF_SOURCE = "*"  # as in @slurm:*


def names_slurm(text: str) -> bool:
    """Return whether a node set contains ``@slurm``, or a partition of it."""
    return _GROUP.search(text) is not None


def partitions_in(text: str) -> Iterator[str]:
    """Yield the partitions that a node set names."""
    for match in _GROUP.finditer(text):
        if (name := match["partition"]) and name != _ALL_OF_SOURCE:
            yield name


def expand_slurm(
    text: str, nodes: NodeList, expand: Callable[[str], Iterable[str]]
) -> dict[str, None]:
    """Return the hosts of a node set with ``@slurm``; *expand* returns those of its other parts.

    As in ClusterShell, operators count from the left to the right; with 10,000 nodes it would take
    some tenths of a second. A partition that the list does not have is empty.
    Raises: ValueError with the predicate of a sentence whose subject is *text*.
    """
    first, *others = _split(compact(text))
    if not all([first, *others[1::2]]):
        raise ValueError(f"{INVALID} (a part is missing); write e.g. @slurm!node[001-004]")

    def hosts_of(part: str) -> dict[str, None]:
        match = _GROUP.fullmatch(part)
        if match is None:
            return dict.fromkeys(expand(part))
        name = match["partition"]
        group = ALL if name in (None, _ALL_OF_SOURCE) else str(name)
        return dict.fromkeys(nodes.groups.get(group, ()))

    hosts = hosts_of(first)
    for operator, part in zip(others[::2], others[1::2], strict=True):
        hosts = _combined(hosts, operator, hosts_of(part))
    return hosts


def _split(text: str) -> list[str]:
    """Return the parts of a node set, with the operators between them."""
    parts = [""]
    for operator, part in _PARTS.findall(text):
        parts += [operator, ""] if operator else []
        parts[-1] += part
    return parts


def _combined(one: dict[str, None], operator: str, other: dict[str, None]) -> dict[str, None]:
    """Return the hosts of two sets, in the order of the first."""
    if operator == ",":
        return one | other
    if operator == "&":
        return {host: None for host in one if host in other}
    only_one = {host: None for host in one if host not in other}
    if operator == "!":
        return only_one
    return only_one | {host: None for host in other if host not in one}
