"""Node sets, sensors and prefixes: the kinds of value that only lmaster.conf has."""

import re

from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetException

from fructosa_service.errors import shown, visible
from fructosa_service.kinds import HOST, Kind

from .naming import part

_MOST_NODES = 100_000
_LONGEST_PREFIX = 1000  # a path has to hold the node and the series too
_SEPARATOR = re.compile(r"\s*[,\s]\s*")
_RANGE = re.compile(r"(\d+)-(\d+)")


def _parse_nodes(text: str) -> tuple[str, ...]:
    """Return the nodes of a set, in its order, each once."""
    # ClusterShell would unfold node[1-999999999] before anybody could count.
    if any(int(last) - int(first) >= _MOST_NODES for first, last in _RANGE.findall(text)):
        raise ValueError(f"names too many nodes; write at most {_MOST_NODES} of them")
    try:
        found = NodeSet(_SEPARATOR.sub(",", text.strip()), resolver=RESOLVER_NOGROUP)
        count = len(found)
    except NodeSetException as error:
        raise ValueError(
            f"is no node set ({visible(str(error))}); write e.g. node[001-128]"
        ) from None
    if not 0 < count <= _MOST_NODES:
        raise ValueError(f"names {count} nodes; write 1 to {_MOST_NODES} of them")
    for host in found:
        try:
            HOST.parse(host)
        except ValueError as error:
            raise ValueError(f"holds {shown(host)}, which {error}") from None
    return tuple(found)


NODES = Kind(name="node set", example="node[001-128]", parse=_parse_nodes, show=",".join)


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
