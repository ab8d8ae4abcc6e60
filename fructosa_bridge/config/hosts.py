"""The value of ``hosts = …``: a node set, with the groups of this machine, or a file of them."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ClusterShell.NodeSet import DEF_GROUPS_CONFIGS, ILLEGAL_GROUP_CHARS
from ClusterShell.NodeUtils import GroupResolverConfig

from fructosa_service.config.kinds import ENDPOINT, Kind
from fructosa_service.errors import CAN_NOT_BE_READ, shown, visible_path

from .host_hints import LIKE_A_FILE, host_problem, is_file_name
from .node_sets import MAX_NODES, expand

# pip installs ClusterShell's example of groups.conf here. ClusterShell would prefer it to
# /etc/clustershell/groups.conf and resolve @compute to the nodes of the example.
_EXAMPLES = (f"{sys.prefix}/etc/", "/.local/etc/")
# A hundred thousand names take 2 MiB.
_MAX_BYTES = 16 * 2**20


def machine_groups() -> Any:
    """Return a resolver that reads this machine's groups.conf anew: nothing is cached."""
    return GroupResolverConfig(machine_configs(DEF_GROUPS_CONFIGS), ILLEGAL_GROUP_CHARS)


def machine_configs(paths: Sequence[str]) -> list[str]:
    """Return *paths* without the example that pip installs."""
    return [path for path in paths if not any(example in path for example in _EXAMPLES)]


def parse_hosts(text: str, groups: Any = None) -> tuple[str, ...]:
    """Return the hosts of a node set, or of the file with the absolute path *text*.

    Raises: ValueError with the predicate of a sentence whose subject is *text*.
    """
    groups = machine_groups() if groups is None else groups
    word = text.strip()
    if word.startswith("/"):
        return _parse_lines(read_text(Path(word), "one node set"), groups)
    if is_file_name(word) and _is_file(path := _absolute(word)):
        raise ValueError(LIKE_A_FILE.format(path=visible_path(path)))
    return expand(text, groups)


def parse_nodes(text: str) -> tuple[str, ...]:
    """Return the hosts of an argument; as ``parse_hosts``, but a file may have a relative path.

    A node with its port, as `lmaster nodes` prints it, stays as it is.

    Raises: ValueError like ``parse_hosts``.
    """
    with suppress(ValueError):
        endpoint = ENDPOINT.parse(text)
        if endpoint.port is not None:
            return (str(endpoint),)
    if is_file_name(text) and "://" not in text:
        return parse_hosts(str(_absolute(text)))
    return parse_hosts(text)


HOSTS = Kind(name="node set or file", example="node[001-128]", parse=parse_hosts, show=",".join)
NODES = replace(HOSTS, parse=parse_nodes)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long
        return False


def _absolute(text: str) -> Path:
    with suppress(RuntimeError):  # ~ with an unknown user
        return Path(text).expanduser().absolute()
    return Path(text).absolute()


def read_text(path: Path, line: str) -> str:
    """Return the text of a file that has a *line* for each node or set of nodes.

    Raises: ValueError with the predicate of a sentence whose subject is the path.
    """
    try:
        if not path.is_file():
            path.stat()
            raise ValueError(f"is not a file; name a file with {line} per line")
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(CAN_NOT_BE_READ.format(reason=reason)) from None
    if len(content) > _MAX_BYTES:
        raise ValueError(f"has more than {_MAX_BYTES} bytes; check the path")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text; save the file as UTF-8") from None


def _parse_lines(content: str, groups: Any) -> tuple[str, ...]:
    """Return the hosts of a file, in its order and without duplicates."""
    hosts: dict[str, None] = {}
    for number, line in enumerate(content.split("\n"), start=1):
        text = line.partition("#")[0].strip()
        if text:
            hosts.update(dict.fromkeys(_parse_line(text, number, groups)))
        if len(hosts) > MAX_NODES:
            raise ValueError(f"contains more than {MAX_NODES} nodes; check the path")
    if not hosts:
        raise ValueError("contains no nodes; write one node set per line, e.g. node[001-128]")
    return tuple(hosts)


def _parse_line(text: str, number: int, groups: Any) -> tuple[str, ...]:
    if host_problem(text) is None:
        return (text,)  # most lines; a node set would take much longer
    try:
        return expand(text, groups)
    except ValueError as error:
        raise ValueError(f"contains {shown(text)} in line {number}, which {error}") from None
