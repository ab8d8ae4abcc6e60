"""Node sets: expand ``node[001-128]`` into hosts, fold hosts into a set, select items by host."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetException
from ClusterShell.NodeUtils import GroupResolverError, GroupSourceError

from fructosa_service.config.kinds import CONTAINS
from fructosa_service.errors import UsageError, did_you_mean, shown, visible

from .host_hints import brackets_problem, host_problem, range_problem


class Selectable(Protocol):
    """What has a host, and a name that consists of host and port."""

    @property
    def host(self) -> str:
        """The host: node001."""

    @property
    def name(self) -> str:
        """Host and port: node001:9888."""


T = TypeVar("T", bound=Selectable)

MAX_NODES = 100_000
INVALID = "is not a valid node set"
NOT_AMONG = "not among the nodes of {source}"
# A row of blanks is looked at once: the other patterns see one blank at most.
_BLANKS = re.compile(r"\s+")
_OPERATOR = re.compile(r" ?([!&^]) ?")
_SEPARATOR = re.compile(r" ?[, ] ?")
_RANGE = re.compile(r"(?<!\d)(\d++)-(\d++)")
# What ClusterShell ends in if numbers are other than it thinks, as too large for an index.
_UNCHECKED = (ArithmeticError, AssertionError, LookupError, RecursionError, TypeError, ValueError)
# The parts of a host's name have 63 characters.
_MOST_DIGITS = 63
_NOT_IN_NAMES = re.compile(r"[^\w.-]", re.ASCII)


def expand(
    text: str, groups: Any = RESOLVER_NOGROUP, *, may_be_empty: bool = False
) -> tuple[str, ...]:
    """Return the hosts of a node set, in its order and without duplicates.

    *groups* is the ClusterShell resolver for ``@group``.
    Raises: ValueError with the predicate of a sentence whose subject is *text*.
    """
    # Before ClusterShell expands node[1-999999999] and fills the memory.
    if any(map(_is_too_long, _RANGE.findall(text))):
        raise ValueError(f"expands to too many nodes; write at most {MAX_NODES}")
    nodes, count = _counted(text, groups)
    if not count and may_be_empty:
        return ()
    if not count and "@" in text:
        raise ValueError("contains no nodes; check the groups in groups.conf")
    if not 0 < count <= MAX_NODES:
        raise ValueError(f"contains {count} nodes; write 1 to {MAX_NODES}")
    for host in nodes:
        if problem := host_problem(host):
            if host != compact(text):
                contains = CONTAINS.format(part=shown(host), why=problem)
                problem = range_problem(compact(text)) or contains
            raise ValueError(problem)
    return tuple(nodes)


def _counted(text: str, groups: Any) -> tuple[NodeSet, int]:
    """Return the nodes of a node set and their number. Raises: ValueError, as expand()."""
    try:
        nodes = NodeSet(compact(text), resolver=groups)
        return nodes, len(nodes)
    except (GroupResolverError, GroupSourceError) as error:
        raise ValueError(_resolver_message(error)) from None
    except (NodeSetException, *_UNCHECKED) as error:
        raise ValueError(brackets_problem(text) or _syntax_message(error)) from None


def _is_too_long(limits: tuple[str, str]) -> bool:
    """Return whether a range has too many numbers, or numbers that no host has."""
    first, last = limits
    return max(len(first), len(last)) > _MOST_DIGITS or int(last) - int(first) >= MAX_NODES


def compact(text: str) -> str:
    """Return a node set with a comma between its parts, without blanks around operators."""
    return _SEPARATOR.sub(",", _OPERATOR.sub(r"\1", _BLANKS.sub(" ", text.strip())))


def _resolver_message(error: Exception) -> str:
    if str(error) == "<default>":
        return (
            "contains a group, but this machine has no groups; define them in "
            "/etc/clustershell/groups.conf, or write the nodes, e.g. node[001-128]"
        )
    if isinstance(error, GroupResolverError) and " " not in str(error):
        return (
            f"contains a group of the source {visible(str(error))}, which is not defined; define "
            "it in /etc/clustershell/groups.conf"
        )
    return f"contains a group, but groups.conf is invalid ({visible(str(error))}); fix it"


def _syntax_message(error: Exception) -> str:
    if "recursion" in str(error):
        return "contains a group that contains itself; fix it in groups.conf"
    group = visible(str(getattr(error, "part", "")))
    if group.startswith("@"):
        return f"contains {group}, which is not a group or whose command fails; check groups.conf"
    return f"{INVALID} ({visible(str(error))}); write e.g. node[001-128]"


def fold(hosts: Iterable[str]) -> str:
    """Return *hosts* as a node set: ``node[001-128]``; as a list if one of them is no host."""
    names = sorted(set(hosts))
    # Brackets around IPv6 addresses have another meaning, and Slurm may report anything as a name.
    if _NOT_IN_NAMES.search("".join(names)):
        return ",".join(names)
    return str(NodeSet.fromlist(names, resolver=RESOLVER_NOGROUP))


def select(items: Sequence[T], node_sets: Iterable[Iterable[str]], source: str) -> list[T]:
    """Return the *items* whose host is in one of *node_sets*, or all of them if there is none.

    A host matches by its full name, by its name up to the first dot, and with the port.
    Raises: UsageError with the hosts that no item has; *source* is where the items come from.
    """
    wanted = {host for node_set in node_sets for host in node_set}
    if not wanted:
        return list(items)
    selected = [item for item in items if wanted & _names(item)]
    if unknown := wanted - {name for item in selected for name in _names(item)}:
        known = {item.host for item in items}
        hint = did_you_mean(min(unknown), known) if len(unknown) == 1 else ""
        verb = "is" if len(unknown) == 1 else "are"
        raise UsageError(f"{fold(unknown)} {verb} {NOT_AMONG.format(source=source)}{hint}")
    return selected


def _names(item: Selectable) -> set[str]:
    return {item.host, item.host.partition(".")[0], item.name}
