"""Targets that match no node of Slurm or may be several, and nodes that no section scrapes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .matching import NodeIndex, is_address

# So many names tell which nodes are meant; the count tells how many there are.
_MOST_NAMES = 5

NO_NODE = "{count} of {hosts} hosts match no node of Slurm: {names}"
SEVERAL_NODES = "{host} may be each of these nodes of Slurm: {nodes}; write its full name in hosts"
SEVERAL_HOSTS = (
    "the node {node} of Slurm may be each of these hosts: {hosts}; write the full name as its "
    "NodeHostname or NodeAddr in slurm.conf"
)
NO_SECTION = "nodes of Slurm that no [nodes:...] section scrapes: {count}: {names}"


class Unmatched(NamedTuple):
    """What matches badly: *several_nodes* by host, *several_hosts* by node; *hosts* are all."""

    hosts: int
    no_node: Sequence[str]
    several_nodes: Mapping[str, Sequence[str]]
    several_hosts: Mapping[str, Sequence[str]]
    no_section: Sequence[str]

    def lines(self) -> Iterator[str]:
        """Yield a line for each kind of mismatch, with the first few names."""
        for host, nodes in list(self.several_nodes.items())[:_MOST_NAMES]:
            yield SEVERAL_NODES.format(host=host, nodes=named(nodes))
        for node, hosts in list(self.several_hosts.items())[:_MOST_NAMES]:
            yield SEVERAL_HOSTS.format(node=node, hosts=named(hosts))
        if names := self.no_node:
            yield NO_NODE.format(count=len(names), hosts=self.hosts, names=named(names))
        if names := self.no_section:
            yield NO_SECTION.format(count=len(names), names=named(names))


def unmatched(hosts: Iterable[str], index: NodeIndex, nodes: Iterable[str]) -> Unmatched:
    """Return which of the targets' *hosts* match badly, and which *nodes* none of them is."""
    all_hosts = list(dict.fromkeys(hosts))
    of_node: defaultdict[str, list[str]] = defaultdict(list)
    no_node, several = [], {}
    for host in all_hosts:
        for node in index.find(host):
            of_node[node].append(host)
        if not index.find(host):
            candidates = index.candidates(host)
            if len(candidates) > 1:
                several[host] = candidates
            no_node.append(host)
    return Unmatched(
        hosts=len(all_hosts),
        no_node=no_node,
        several_nodes=several,
        several_hosts={node: full for node, some in of_node.items() if (full := _clashing(some))},
        # One target is enough for several slurmd on a machine.
        no_section=[
            node for node in nodes if not any(one in of_node for one in index.on_machine_of(node))
        ],
    )


def _clashing(hosts: Sequence[str]) -> list[str]:
    """Return the full names among the *hosts* of a node that differ after the same short name."""
    if len(hosts) < 2:
        return []
    by_short: defaultdict[str, list[str]] = defaultdict(list)
    for name, host in {host.lower().removesuffix("."): host for host in hosts}.items():
        if "." in name and not is_address(name):
            by_short[name.partition(".")[0]].append(host)
    return next((some for some in by_short.values() if len(some) > 1), [])


def named(names: Sequence[str]) -> str:
    """Return the first few *names*, and how many more there are."""
    more = len(names) - _MOST_NAMES
    if more <= 1:
        return ", ".join(names[: _MOST_NAMES + 1])
    return f"{', '.join(names[:_MOST_NAMES])} and {more} more"
