"""Which of Slurm's nodes a target is: by NodeName, NodeHostName or NodeAddr, in this order."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..slurm_output.records import NodeRecord


class NodeIndex:
    """Slurm's nodes by their names and addresses; find() remembers what it has found."""

    def __init__(self, nodes: Sequence[NodeRecord] = ()) -> None:
        self._key = _key(nodes)
        self._by_name: dict[str, tuple[str, ...]] = {}
        by_host: defaultdict[str, list[str]] = defaultdict(list)
        by_address: defaultdict[str, list[str]] = defaultdict(list)
        short: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for node in nodes:
            self._by_name[node.name.lower()] = (node.name,)
            by_host[node.host_name.lower()].append(node.name)
            by_address[node.address.lower()].append(node.name)
            for name in {node.name.lower(), node.host_name.lower(), node.address.lower()}:
                if not _is_address(name):
                    short[_short(name)].append((name, node.name))
        self._indexes: tuple[Mapping[str, Iterable[str]], ...] = (by_host, by_address)
        self._short = short
        self._found: dict[str, tuple[str, ...]] = {}

    def is_of(self, nodes: Sequence[NodeRecord]) -> bool:
        """Return whether these *nodes* have the names and addresses of this index."""
        return self._key == _key(nodes)

    def find(self, host: str) -> tuple[str, ...]:
        """Return the names of the nodes that *host* is; none if Slurm does not list it.

        Several slurmd may run on one host. A short name matches a full one, or the reverse, only if
        no other node has the same short name.
        """
        found = self._found.get(host)
        if found is None:
            found = self._found[host] = self._search(host.lower())
        return found

    def _search(self, host: str) -> tuple[str, ...]:
        if found := self._by_name.get(host):
            return found
        for index in self._indexes:
            if names := index.get(host):
                return tuple(names)
        if _is_address(host):
            return ()
        full_names = self._short.get(_short(host), ())
        is_short = "." not in host
        names = {
            node
            for name, node in full_names
            # Of two different full names, neither is the other.
            if is_short or "." not in name
        }
        return tuple(names) if len(names) == 1 else ()


def _key(nodes: Sequence[NodeRecord]) -> list[tuple[str, ...]]:
    return [node[:3] for node in nodes]  # name, address, host name


def _short(name: str) -> str:
    return name.partition(".")[0]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
