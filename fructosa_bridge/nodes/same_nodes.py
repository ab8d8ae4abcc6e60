"""Nodes that are listed twice: by name and by address."""

import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from threading import Thread

from ..model.target import Target
from .node_sets import fold

SAME_ADDRESS = (
    "{hosts} have the same address, {address}: as one node it is scraped and stored {times} times; "
    "keep one of them in hosts"
)
AND_MORE = "and {more} more groups of hosts with the same address"
NOT_LOOKED_UP = (
    "{left} of {hosts} hosts could not be looked up within {within_s:g} s; whether one of these is "
    "listed by its address too is unknown"
)

_MOST_WARNINGS = 10
_THREADS = 16

LookUp = Callable[[str], Collection[str]]
"""Returns the addresses of a name; none if it has none."""


def _look_up(name: str) -> Collection[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return {str(address[0]) for *_, address in found}


def same_node_warnings(
    targets: Sequence[Target], within_s: float, look_up: LookUp = _look_up
) -> Iterator[str]:
    """Yield a warning for each node that is listed twice, and one if that is not known in time.

    Without any address, nothing is looked up: two names of one node are rare.
    """
    hosts = {target.host for target in targets}
    if any(_address(host) for host in hosts):
        addresses = find_addresses(hosts, within_s, look_up)
        yield from same_nodes(targets, addresses)
        if left := len(hosts) - len(addresses):
            yield NOT_LOOKED_UP.format(left=left, hosts=len(hosts), within_s=within_s)


def same_nodes(
    targets: Iterable[Target], addresses: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Yield a warning for each group of hosts that share the *addresses* of a page."""
    pages: dict[tuple[str, int, str], dict[str, None]] = {}
    for target in targets:
        for address in addresses.get(target.host, ()):
            pages.setdefault((address, target.port, target.path), {})[target.host] = None
    # A node with several addresses, or in several sections, is one group.
    groups = {frozenset(hosts): address for (address, *_), hosts in pages.items() if len(hosts) > 1}
    for hosts, address in list(groups.items())[:_MOST_WARNINGS]:
        yield SAME_ADDRESS.format(hosts=_list(hosts), address=address, times=len(hosts))
    if len(groups) > _MOST_WARNINGS:
        yield AND_MORE.format(more=len(groups) - _MOST_WARNINGS)


def _list(hosts: Collection[str]) -> str:
    return " and ".join(sorted(hosts)) if len(hosts) == 2 else fold(hosts)


def find_addresses(
    hosts: Iterable[str], within_s: float, look_up: LookUp = _look_up
) -> dict[str, Collection[str]]:
    """Return the addresses of *hosts*, without those whose look-up takes longer than *within_s*."""
    hosts = set(hosts)
    found: dict[str, Collection[str]] = {
        host: [address] for host in hosts if (address := _address(host))
    }
    names = sorted(hosts - found.keys())
    left = iter(names)

    def work() -> None:
        for name in left:
            found[name] = look_up(name)

    # An executor would wait for its threads at exit, and a look-up may take half a minute.
    threads = [Thread(target=work, daemon=True) for _ in range(min(_THREADS, len(names)))]
    until_s = time.monotonic() + within_s
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
    return dict(found)


def _address(host: str) -> str | None:
    try:
        return str(ip_address(host))
    except ValueError:
        return None
