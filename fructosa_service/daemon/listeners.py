"""Finds a daemon without its pid file: by the address on which it listens.

In the foreground, or started by a service manager, a daemon has no pid file.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config.kinds import Endpoint
from ..errors import ServiceError
from .pid_file import DaemonState, PidFileStatus

CAN_NOT_IDENTIFY = (
    "a process of another user listens on {endpoint}; run this command as root to find out whether "
    "it is {name}"
)

# By wildcard: where to connect to.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a comparison
_RESPONSE_TIMEOUT_S = 2.0
# Of `python -m PACKAGE`.
_PACKAGES = {"lagent": "fructosa_exporter", "lmaster": "fructosa_bridge"}


_Socket = tuple[str, int, int | None]  # address, port and process; None: this user cannot see it
_remembered: list[_Socket] = []


@contextmanager
def remembered_sockets() -> Iterator[None]:
    """Within the block, use what this user sees now: who gives up root then sees less."""
    _remembered[:] = _listening_sockets()
    try:
        yield
    finally:
        _remembered.clear()


def _listening_sockets() -> list[_Socket]:
    """Return all TCP sockets that listen now."""
    import psutil  # imported here, because only few commands need it

    return [
        (one.laddr.ip, one.laddr.port, one.pid)
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr
    ]


def listening_pids(endpoint: Endpoint) -> Iterator[int | None]:
    """Yield the processes that listen on *endpoint*; None for each that this user cannot see."""
    addresses = _addresses(endpoint)
    # A wildcard includes all addresses, whether it is configured or used.
    is_any = bool(addresses & _LOOPBACK.keys())
    for address, port, pid in _remembered or _listening_sockets():
        if port == endpoint.port and (is_any or address in addresses | _LOOPBACK.keys()):
            yield pid


def _addresses(endpoint: Endpoint) -> set[str]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    # psutil has no zones.
    return {str(address[0]).partition("%")[0] for *_, address in found}


def find_listener(
    name: str,
    endpoints: Iterable[Endpoint],
    url: str,
    pids: Callable[[Endpoint], Iterable[int | None]] = listening_pids,
) -> PidFileStatus | None:
    """Return the daemon *name* that listens on one of *endpoints*, or None.

    Its pid is None if this user cannot see it. *url* has ``{endpoint}`` in place of the endpoint.

    Raises: ServiceError if it may be the daemon or not.
    """
    for endpoint in endpoints:
        for pid in pids(endpoint) if endpoint.port else ():
            if _runs(name, pid) if pid is not None else _responds(name, endpoint):
                return PidFileStatus(DaemonState.RUNNING, pid, (url.format(endpoint=endpoint),))
    return None


def _runs(name: str, pid: int) -> bool:
    """Return whether *name* is the program of a process, started by itself or by Python."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace").split("\0")
    except OSError:
        return False  # it has exited
    return any(_is_program(name, word) for word in words[:4])


def _is_program(name: str, word: str) -> bool:
    return Path(word).name == name or _PACKAGES[name] in word


def _responds(name: str, endpoint: Endpoint) -> bool:
    """Return whether *name* responds at *endpoint*.

    Raises: ServiceError if there is no response in plain HTTP.
    """
    from http.client import HTTPConnection, HTTPException

    host = _LOOPBACK.get(endpoint.host, endpoint.host)
    connection = HTTPConnection(host, endpoint.port, timeout=_RESPONSE_TIMEOUT_S)
    try:
        connection.request("HEAD", "/-/healthy", headers={"Host": endpoint.in_host_header})
        return connection.getresponse().getheader("Server", "") == name
    except (OSError, HTTPException):
        raise ServiceError(CAN_NOT_IDENTIFY.format(endpoint=endpoint, name=name)) from None
    finally:
        connection.close()
