"""The value of ``hosts = …``: a node set, with the groups of this machine, or a file of them."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ClusterShell.NodeSet import DEF_GROUPS_CONFIGS, ILLEGAL_GROUP_CHARS
from ClusterShell.NodeUtils import GroupResolverConfig

from fructosa_service.config.kinds import ENDPOINT, Kind
from fructosa_service.errors import CAN_NOT_BE_READ, shown, visible_path

from .host_hints import LIKE_A_FILE, host_problem, is_file_name
from .node_sets import MAX_NODES, expand
from .slurm_groups import expand_slurm, names_slurm, partitions_in
from .slurm_nodes import NO_NODES, NodeList

# pip installs ClusterShell's example of groups.conf here. ClusterShell would prefer it to
# /etc/clustershell/groups.conf and resolve @compute to the nodes of the example.
_EXAMPLES = (f"{sys.prefix}/etc/", "/.local/etc/")
# A hundred thousand names take 2 MiB.
_MAX_BYTES = 16 * 2**20
TOO_MANY = f"contains more than {MAX_NODES} nodes; check the path"
# The line of a node set that is not in a file.
_NO_FILE = 0


def machine_groups() -> Any:
    """Return a resolver that reads this machine's groups.conf anew: nothing is cached."""
    return GroupResolverConfig(machine_configs(DEF_GROUPS_CONFIGS), ILLEGAL_GROUP_CHARS)


def machine_configs(paths: Sequence[str]) -> list[str]:
    """Return *paths* without the example that pip installs."""
    return [path for path in paths if not any(example in path for example in _EXAMPLES)]


@dataclass(frozen=True)
class SlurmHosts:
    """Hosts with ``@slurm``: node sets, and the lines they are in; which hosts, a list tells."""

    text: str
    sets: tuple[tuple[int, str], ...]

    def resolve(self, nodes: NodeList, groups: Any = None) -> dict[str, str | None]:
        """Return the hosts and their addresses, None for those that Slurm does not list.

        Raises: ValueError if one of the other *groups* is no longer valid.
        """
        groups = machine_groups() if groups is None else groups
        hosts: dict[str, None] = {}
        for number, text in self.sets:
            hosts |= _in_line(
                number,
                text,
                lambda one: expand_slurm(one, nodes, partial(_expand, groups, may_be_empty=True)),
            )
        if len(hosts) > MAX_NODES:
            raise ValueError(TOO_MANY)
        addresses = nodes.hosts
        return {host: addresses.get(host) for host in hosts}

    def unknown_partitions(self, nodes: NodeList) -> list[str]:
        """Return the partitions that the list does not have."""
        named = (name for _, text in self.sets for name in partitions_in(text))
        return [name for name in dict.fromkeys(named) if name not in nodes.partitions]


Hosts = tuple[str, ...] | SlurmHosts


def parse_hosts(text: str, groups: Any = None) -> Hosts:
    """Return the hosts of a node set, or of the file with the absolute path *text*.

    Raises: ValueError with the predicate of a sentence whose subject is *text*.
    """
    groups = machine_groups() if groups is None else groups
    word = text.strip()
    if not word.startswith("/") and is_file_name(word) and _is_file(path := _absolute(word)):
        raise ValueError(LIKE_A_FILE.format(path=visible_path(path)))
    sets = node_sets(text)
    if any(names_slurm(one) for _, one in sets):
        hosts = SlurmHosts(text, sets)
        hosts.resolve(NO_NODES, groups)  # all but the list must be valid now
        return hosts
    return expand_all(sets, groups)


def node_sets(text: str) -> tuple[tuple[int, str], ...]:
    """Return the node sets in *text*, or in the file that it names, each with its line.

    Raises: ValueError if the file cannot be read.
    """
    if text.strip().startswith("/"):
        return tuple(_lines(read_text(Path(text.strip()), "one node set")))
    return ((_NO_FILE, text),)


def _show(hosts: Hosts) -> str:
    return hosts.text if isinstance(hosts, SlurmHosts) else ",".join(hosts)


def parse_nodes(text: str) -> Hosts:
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


HOSTS = Kind(name="node set or file", example="node[001-128]", parse=parse_hosts, show=_show)
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


def _lines(content: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file that are not empty, with their numbers."""
    for number, line in enumerate(content.split("\n"), start=1):
        if text := line.partition("#")[0].strip():
            yield number, text


def expand_all(sets: Sequence[tuple[int, str]], groups: Any) -> tuple[str, ...]:
    """Return the hosts of node sets, in their order and without duplicates.

    Raises: ValueError, as parse_hosts.
    """
    hosts: dict[str, None] = {}
    for number, text in sets:
        hosts.update(_in_line(number, text, partial(_expand, groups)))
        if len(hosts) > MAX_NODES:
            raise ValueError(TOO_MANY)
    if not hosts:
        raise ValueError("contains no nodes; write one node set per line, e.g. node[001-128]")
    return tuple(hosts)


def _expand(groups: Any, text: str, *, may_be_empty: bool = False) -> dict[str, None]:
    return dict.fromkeys(expand(text, groups, may_be_empty=may_be_empty))


def _in_line(
    number: int, text: str, expand_set: Callable[[str], dict[str, None]]
) -> dict[str, None]:
    """Return the hosts of a node set in a line of a file, or of one that is in no file."""
    if number == _NO_FILE:
        return expand_set(text)
    if host_problem(text) is None:
        return {text: None}  # most lines; a node set would take much longer
    try:
        return expand_set(text)
    except ValueError as error:
        raise ValueError(f"contains {shown(text)} in line {number}, which {error}") from None
