"""The addresses on which a daemon listens."""

import socket
from collections.abc import Iterable
from typing import Any

from ..config.kinds import Endpoint
from ..errors import UsageError

NO_SUCH_ADDRESS = (
    "cannot listen on {endpoint}: {reason}; set host or [web] listen to an address of this machine"
)

Address = tuple[Any, ...]
"""Of a socket: host, port, and for IPv6 the number of the network interface of a zone."""


def addresses(endpoint: Endpoint) -> list[tuple[socket.AddressFamily, Address]]:
    """Return the family and the address of each socket for an *endpoint*, IPv4 first.

    Raises: OSError if there is no such name or network interface.
    """
    found = socket.getaddrinfo(
        endpoint.host, endpoint.port or 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    each = dict.fromkeys((family, address) for family, _, _, _, address in found)
    return sorted(each, key=lambda one: one[0] != socket.AF_INET)


def endpoint_of(listener: socket.socket) -> Endpoint:
    """Return where a socket listens, with its port and the zone of its address."""
    numeric = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    host, port = socket.getnameinfo(listener.getsockname(), numeric)
    return Endpoint(host, int(port))


def check_endpoints(endpoints: Iterable[Endpoint]) -> None:
    """Check that this machine has an address of each of *endpoints*; its port may be in use.

    Raises: UsageError.
    """
    for endpoint in endpoints:
        try:
            _check(endpoint)
        except OSError as error:
            why = error.strerror or str(error)
            raise UsageError(NO_SUCH_ADDRESS.format(endpoint=endpoint, reason=why)) from error


def _check(endpoint: Endpoint) -> None:
    failure: OSError | None = None
    for family, (host, _, *more) in addresses(endpoint):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                trial.bind((host, 0, *more))
        except OSError as error:
            failure = failure or error
        else:
            return
    if failure is not None:
        raise failure
