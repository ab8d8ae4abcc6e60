"""The value of ``names = FILE``: what hosts are called in Graphite, if not by their own names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import HOST, Kind
from fructosa_service.config.path_kind import PATH
from fructosa_service.errors import Problem, did_you_mean, shown

from ..naming.graphite_paths import node_part, part
from ..nodes.hosts import SlurmHosts, read_text
from ..nodes.node_sets import fold

if TYPE_CHECKING:
    from .nodes_settings import NodesSettings

NOT_TWO_COLUMNS = "is not a host and its name; write e.g. node001 n1"
NOT_A_NAME = "is not a part of a path; write letters, digits, _ and -"
HOST_TWICE = "contains {host} in lines {first} and {second}; remove one of the two lines"
NAME_TWICE = (
    "gives {one} (line {first}) and {other} (line {second}) the same name {name}; write another "
    "for one of them"
)
UNKNOWN_HOSTS = (
    "contains {hosts} (line {line}), not among the hosts of a section with this file; write them "
    "as in hosts, or remove their lines"
)
WITHOUT_PATHS = "has no effect with naming = tagged; remove it"


@dataclass(frozen=True)
class NodeNames:
    """The names in the file at *path* by host, and the line of each host."""

    path: Path
    names: Mapping[str, str]
    lines: Mapping[str, int] = field(compare=False)

    def of(self, host: str) -> str:
        """Return what a host is called; without a line in the file, by its own name."""
        return self.names.get(host) or node_part(host)


def parse_names(text: str) -> NodeNames:
    """Return the names in the file with the absolute path *text*.

    Raises: ValueError with the predicate of a sentence whose subject is *text*.
    """
    path = PATH.parse(text)
    names: dict[str, str] = {}
    lines: dict[str, int] = {}
    hosts: dict[str, str] = {}  # by name
    for number, line in enumerate(read_text(path, "a host and its name").split("\n"), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        host, name = _columns(entry, number)
        if host in names:
            raise ValueError(HOST_TWICE.format(host=host, first=lines[host], second=number))
        other = hosts.setdefault(name, host)
        if other != host:
            raise ValueError(
                NAME_TWICE.format(
                    one=other, first=lines[other], other=host, second=number, name=name
                )
            )
        names[host], lines[host] = name, number
    return NodeNames(path, names, lines)


def _columns(entry: str, number: int) -> tuple[str, str]:
    """Return host and name of a line, or raise ValueError."""
    try:
        columns = entry.split()
        if len(columns) != 2:
            raise ValueError(NOT_TWO_COLUMNS)
        entry, name = columns
        HOST.parse(entry)
        if part(name) != name:
            entry = name
            raise ValueError(NOT_A_NAME)
    except ValueError as error:
        raise ValueError(f"contains {shown(entry)} in line {number}, which {error}") from None
    return columns[0], name


NAMES = Kind(
    name="file",
    example="/etc/fructosa/names",
    parse=parse_names,
    show=lambda names: str(names.path),
)


def name_problems(nodes: "Mapping[str, NodesSettings]", naming: str) -> Iterator[Problem]:
    """Yield what is wrong with the files of all sections; several sections may share a file."""
    sections = [(group, one.names) for group, one in nodes.items() if one.names is not None]
    hosts: dict[Path, set[str]] = {names.path: set() for _, names in sections}
    from_slurm: set[Path] = set()  # the hosts of these are not known here
    for settings in nodes.values():
        if settings.names is not None:
            path = settings.names.path
            if isinstance(settings.hosts, SlurmHosts):
                from_slurm.add(path)
            else:
                hosts[path].update(settings.hosts)
    for group, names in sections:
        if naming == "tagged":
            message = WITHOUT_PATHS
        elif names.path in from_slurm:
            continue
        else:
            message = _unknown_hosts(names, hosts[names.path])
        if message:
            yield Problem(message=message, section=f"nodes:{group}", key="names")


def _unknown_hosts(names: NodeNames, hosts: set[str]) -> str:
    """Return a message about the hosts of a file that are not among *hosts*, "" if all are."""
    unknown = [host for host in names.names if host not in hosts]
    if not unknown:
        return ""
    hint = did_you_mean(unknown[0], hosts) if len(unknown) == 1 else ""
    message = UNKNOWN_HOSTS.format(hosts=fold(unknown), line=names.lines[unknown[0]])
    return f"{shown(str(names.path))} {message}{hint}"
