"""Which of Slurm's nodes a target is: by NodeName, NodeHostName or NodeAddr, in this order."""

import ipaddress
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Protocol


class NamedNode(Protocol):
    """What has the names and the address of a node of Slurm."""

    @property
    def name(self) -> str:
        """NodeName."""

    @property
    def address(self) -> str:
        """NodeAddr."""

    @property
    def host_name(self) -> str:
        """NodeHostName."""


class NodeIndex:
    """Slurm's nodes by their names and addresses; find() remembers what it has found."""

    def __init__(self, nodes: Sequence[NamedNode] = ()) -> None:
        self._key = _key(nodes)
        by_name: defaultdict[str, list[str]] = defaultdict(list)
        by_host: defaultdict[str, list[str]] = defaultdict(list)
        by_address: defaultdict[str, list[str]] = defaultdict(list)
        # The nodes whose names, or those of their hosts, are the same up to the first dot.
        short: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        machines: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for node in nodes:
            names = tuple(map(_normal, (node.name, node.host_name, node.address)))
            for index, name in zip((by_name, by_host, by_address), names, strict=True):
                index[name].append(node.name)
            machines[names[1:]].append(node.name)
            for name in set(names):
                if not is_address(name):
                    short[_short(name)].append((node.name, name))
        self._indexes: tuple[Mapping[str, Sequence[str]], ...] = (by_name, by_host, by_address)
        self._short: Mapping[str, Sequence[tuple[str, str]]] = short
        self._machines = {name: names for names in machines.values() for name in names}
        self._found: dict[str, tuple[str, ...]] = {}

    def is_of(self, nodes: Sequence[NamedNode]) -> bool:
        """Return whether these *nodes* have the names and addresses of this index."""
        return self._key == _key(nodes)

    def find(self, host: str) -> tuple[str, ...]:
        """Return the names of the nodes that *host* is; none if Slurm does not list it.

        Several slurmd may run on one host. A short name matches a full one, or the reverse, only if
        no other node has the same short name.
        """
        found = self._found.get(host)
        if found is None:
            found = self._found[host] = self._search(_normal(host))
        return found

    def on_machine_of(self, node: str) -> Sequence[str]:
        """Return the nodes with the address and the host name of a *node*, itself among them."""
        return self._machines.get(node, (node,))

    def candidates(self, host: str) -> tuple[str, ...]:
        """Return the nodes that *host* may be, if its short name is that of several."""
        return () if self.find(host) else tuple(self._of_short_name(_normal(host)))

    def _search(self, host: str) -> tuple[str, ...]:
        for index in self._indexes:
            if names := index.get(host):
                return tuple(names)
        found = self._of_short_name(host)
        # Several slurmd on one host are no ambiguity: all of them have its one name.
        if len(found) == 1 or len(set().union(*found.values())) == 1:
            return tuple(found)
        return ()

    def _of_short_name(self, host: str) -> Mapping[str, set[str]]:
        """Return the nodes with the short name of *host*, and their names that begin with it."""
        if is_address(host):
            return {}
        found: defaultdict[str, set[str]] = defaultdict(set)
        for node, name in self._short.get(_short(host), ()):
            found[node].add(name)
        if "." not in host:
            return found
        # Of two different full names, neither is the other.
        return {
            node: names for node, names in found.items() if not any("." in name for name in names)
        }


def _key(nodes: Sequence[NamedNode]) -> list[tuple[str, ...]]:
    return [(node.name, node.address, node.host_name) for node in nodes]


def _normal(name: str) -> str:
    """Return the one way in which a name or an address is compared."""
    normal = name.lower().removesuffix(".")
    normal = str(ipaddress.ip_address(normal)) if is_address(normal) else normal
    return name if normal == name else normal  # mostly: thousands need no second text


def _short(name: str) -> str:
    return name.partition(".")[0]


def is_address(text: str) -> bool:
    """Return whether a host is an address, not a name."""
    if ":" not in text and not text[:1].isdigit():  # it costs little for thousands of names
        return False
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
