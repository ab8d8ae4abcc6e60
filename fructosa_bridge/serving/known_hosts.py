"""By which names lmaster may be asked for. Pure.

A page of another site can let a browser on this machine ask for lmaster's pages as if they were its
own: its name server answers with an address of lmaster (DNS rebinding). The request then names the
other site as its host.
"""

import ipaddress
import re
from collections.abc import Collection, Iterable

# Without the port; brackets are around addresses of IPv6.
_HOST = re.compile(r"(?:\[(?P<v6>[^\[\]]*+)\]|(?P<name>[^:\[\]]*+))(?::[0-9]*+)?")
LOCALHOST = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


def is_known(host: str, names: Collection[str]) -> bool:
    """Return whether a header Host is an address, or one of *names*, which are normal.

    A request without a host is of no browser.
    """
    match = _HOST.fullmatch(host.strip(" \t"))
    if match is None:
        return False
    name = normal(match["v6"] if match["name"] is None else match["name"])
    return not name or name in names or _is_address(name)


def normal(name: str) -> str:
    """Return a *name* in lower case, without the dot at its end."""
    return name.lower().removesuffix(".")


def names_in(hosts_file: str, own: Collection[str]) -> set[str]:
    """Return the names that a text like /etc/hosts has for loopback addresses and *own* names."""
    found: set[str] = set()
    for line in hosts_file.splitlines():
        address, *names = map(normal, line.partition("#")[0].split() or [""])
        if is_loopback(address) or set(own) & set(names):
            found.update(names)
    return found


def is_loopback(address: str) -> bool:
    """Return whether a text is a loopback address, perhaps one of IPv4 in IPv6."""
    try:
        made = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(made, "ipv4_mapped", None)
    return (mapped or made).is_loopback


def with_short_forms(names: Iterable[str]) -> set[str]:
    """Return *names*, normal, without empty ones; of full names also the first part."""
    whole = {normal(name) for name in names} - {""}
    return whole | {name.partition(".")[0] for name in whole if not _is_address(name)}


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return True
