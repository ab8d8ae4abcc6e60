"""Node sets, sensors and prefixes: the kinds of value that only lmaster.conf has."""

import re
from collections.abc import Iterable
from typing import Any

from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetException
from ClusterShell.NodeUtils import GroupResolverError, GroupSourceError

from fructosa_service.config.kinds import HOST, Kind
from fructosa_service.errors import shown, visible

from ..naming.graphite_paths import part

MOST_NODES = 100_000
_LONGEST_PREFIX = 1000  # a path has to hold the node and the series too
_OPERATOR = re.compile(r"\s*([!&^])\s*")
_SEPARATOR = re.compile(r"\s*[,\s]\s*")
_RANGE = re.compile(r"(\d+)-(\d+)")


def unfolded(text: str, groups: Any = RESOLVER_NOGROUP) -> tuple[str, ...]:
    """Return the nodes of a set, in its order, each once; *groups* resolves its ``@names``.

    Raises: ValueError with the rest of a sentence about *text*.
    """
    # ClusterShell would unfold node[1-999999999] before anybody could count.
    if any(int(last) - int(first) >= MOST_NODES for first, last in _RANGE.findall(text)):
        raise ValueError(f"names too many nodes; write at most {MOST_NODES} of them")
    tight = _SEPARATOR.sub(",", _OPERATOR.sub(r"\1", text.strip()))
    try:
        found = NodeSet(tight, resolver=groups)
        count = len(found)
    except (GroupResolverError, GroupSourceError) as error:
        raise ValueError(_no_groups(error)) from None
    except NodeSetException as error:
        raise ValueError(_no_set(error)) from None
    if not count and "@" in text:
        raise ValueError("names no nodes; write a group that has some (see groups.conf)")
    if not 0 < count <= MOST_NODES:
        raise ValueError(f"names {count} nodes; write 1 to {MOST_NODES} of them")
    for host in found:
        try:
            HOST.parse(host)
        except ValueError as error:
            raise ValueError(f"holds {shown(host)}, which {error}") from None
    return tuple(found)


def _no_groups(error: Exception) -> str:
    if str(error) == "<default>":
        return (
            "names a group, and this machine has none; write them into "
            "/etc/clustershell/groups.conf, or name the nodes, e.g. node[001-128]"
        )
    if isinstance(error, GroupResolverError) and " " not in str(error):
        return (
            f"names a group of {visible(str(error))}, which is no source of groups here; "
            "write it into /etc/clustershell/groups.conf"
        )
    return f"names a group, and groups.conf is wrong ({visible(str(error))}); mend it"


def _no_set(error: NodeSetException) -> str:
    if "recursion" in str(error):
        return "names a group that holds itself; mend it in groups.conf"
    group = visible(str(getattr(error, "part", "")))
    if group.startswith("@"):
        return f"names {group}, which is no group here, or its command fails; see groups.conf"
    return f"is no node set ({visible(str(error))}); write e.g. node[001-128]"


def folded(hosts: Iterable[str]) -> str:
    """Return *hosts* as a person would write them: ``node[001-128]``."""
    names = sorted(set(hosts))
    if any(":" in name for name in names):  # brackets mean something else around IPv6 addresses
        return ",".join(names)
    return str(NodeSet.fromlist(names, resolver=RESOLVER_NOGROUP))


def _parse_sensor(text: str) -> str:
    if len(text.split()) != 1:
        raise ValueError("is not the name of one sensor; write commas between them")
    return text


SENSOR = Kind(name="sensor", example="CPUPercent", parse=_parse_sensor)


def _parse_prefix(text: str) -> str:
    if len(text) > _LONGEST_PREFIX or not all(
        name and part(name) == name for name in text.split(".")
    ):
        raise ValueError(
            "is no prefix; write short names of letters, digits, _ and -, dots between them"
        )
    return text


PREFIX = Kind(name="Graphite path", example="cluster", parse=_parse_prefix)
