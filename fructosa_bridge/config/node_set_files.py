"""The edge to node sets: groups that this machine knows, and files that name nodes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ClusterShell.NodeSet import DEF_GROUPS_CONFIGS, ILLEGAL_GROUP_CHARS
from ClusterShell.NodeUtils import GroupResolverConfig

from fructosa_service.config.kinds import HOST, Kind
from fructosa_service.errors import shown

from .node_sets import MOST_NODES, unfolded

# Where pip puts ClusterShell's groups.conf, whose @compute are the nodes of an example. It would
# go before /etc/clustershell/groups.conf.
_EXAMPLES = (f"{sys.prefix}/etc/", "/.local/etc/")
# A hundred thousand names need 2 MiB.
_MOST_BYTES = 16 * 2**20


def machine_groups() -> Any:
    """Return what resolves groups as ClusterShell's groups.conf says now: nothing is kept."""
    return GroupResolverConfig(machine_configs(DEF_GROUPS_CONFIGS), ILLEGAL_GROUP_CHARS)


def machine_configs(paths: Sequence[str]) -> list[str]:
    """Return those of the *paths* of groups.conf where a person has written it."""
    return [path for path in paths if not any(place in path for place in _EXAMPLES)]


def parse_hosts(text: str, groups: Any = None) -> tuple[str, ...]:
    """Return the nodes of a set, or of the file whose path *text* is.

    Raises: ValueError with the rest of a sentence about *text*.
    """
    groups = machine_groups() if groups is None else groups
    if text.strip().startswith("/"):
        return _of_lines(_content(Path(text.strip())), groups)
    return unfolded(text, groups)


HOSTS = Kind(name="node set or file", example="node[001-128]", parse=parse_hosts, show=",".join)


def _content(path: Path) -> str:
    try:
        if not path.is_file():
            path.stat()
            raise ValueError("is no file; name one that holds a node set a line")
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"can't be read: {reason}; check the path and its permissions") from None
    if len(content) > _MOST_BYTES:
        raise ValueError(f"has more than {_MOST_BYTES} bytes; check the path")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text; save the file as UTF-8") from None


def _of_lines(content: str, groups: Any) -> tuple[str, ...]:
    """Return the nodes that a file names, in its order, each once."""
    found: dict[str, None] = {}
    for number, line in enumerate(content.split("\n"), start=1):
        text = line.partition("#")[0].strip()
        if text:
            found.update(dict.fromkeys(_of_line(text, number, groups)))
        if len(found) > MOST_NODES:
            raise ValueError(f"names more than {MOST_NODES} nodes; check the path")
    if not found:
        raise ValueError("names no nodes; write a node set a line, e.g. node[001-128]")
    return tuple(found)


def _of_line(text: str, number: int, groups: Any) -> tuple[str, ...]:
    try:
        return (HOST.parse(text),)  # the usual line, for which a node set would take long
    except ValueError:
        pass
    try:
        return unfolded(text, groups)
    except ValueError as error:
        raise ValueError(f"holds {shown(text)} in line {number}, which {error}") from None
