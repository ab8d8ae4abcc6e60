"""A cache of host addresses, in which a name that hangs delays no other name.

The system looks up names (getaddrinfo): it knows nsswitch.conf and /etc/hosts. Where no name server
responds, that takes ten seconds or more for each name.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fructosa_service.file_cache import FileCache

from .look_up_threads import LookUpThreads

# A node that is down is scraped again and again, a name server is asked less often: each name once
# in so long, and a name that could not be resolved sooner at first.
_TTL_S = 60.0
_FIRST_RETRY_S = 5.0
# A name server that is well responds within milliseconds: its answer is worth this wait, although
# an older one is known.
_MOMENT_S = 0.05
# A look-up that took longer was not answered at once.
_HANGS_S = 1.0
# Threads for names that will be resolved, and for all others: those that hang keep theirs for half
# a minute.
_SURE_THREADS, _OTHER_THREADS = 16, 256
# Names in memory: more than there are targets.
_MOST_NAMES = 100_000
_HOSTS_FILE = Path("/etc/hosts")
# The answer that there is no such name, or no address of it: its last one may be another node's.
_NO_SUCH_NAME = (socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY)
NO_VALID_NAME = "not a valid name"
NO_NAME_SERVER = "cannot resolve the name {host}: no name server responds; check the DNS"

AddressInfo = tuple[Any, ...]
"""What getaddrinfo returns: family, type, protocol, canonical name, address."""


@dataclass(slots=True)
class _Name:
    """A name that was asked for: its last answers, and when it is asked for again."""

    addresses: list[AddressInfo] = field(default_factory=list)
    error: socket.gaierror | None = None
    failures: int = 0  # since the last answer with an address
    asked_s: float = 0.0
    due_s: float = 0.0
    asking: "asyncio.Future[list[AddressInfo]] | None" = None

    @property
    def is_unanswered(self) -> bool:
        """Whether the last look-up found no name server that responds."""
        return self.error is not None and self.error.errno not in _NO_SUCH_NAME


class DNSCache:
    """Looks up hosts; addresses as hosts need no look-up.

    Known addresses are used at once, and asked for again behind; while no name server responds,
    they stay in use. What could not be resolved is asked again later and later. Each name waits at
    most once for a thread.
    """

    def __init__(
        self,
        look_up: Callable[..., list[Any]] = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
        hosts_file: Path = _HOSTS_FILE,
    ) -> None:
        self._look_up = look_up
        self._clock = clock
        self._sure: LookUpThreads[list[AddressInfo]] = LookUpThreads(_SURE_THREADS)
        self._others: LookUpThreads[list[AddressInfo]] = LookUpThreads(_OTHER_THREADS)
        self._names: dict[str, _Name] = {}
        self._hosts = FileCache([hosts_file], partial(_names_in, hosts_file))
        self._responded_s = 0.0  # when a name server responded again

    async def resolve(self, host: str, port: int) -> list[AddressInfo]:
        """Return the addresses of a *host*.

        Raises: socket.gaierror if there are none.
        """
        try:
            return socket.getaddrinfo(*_query(host, port, socket.AI_NUMERICHOST))
        except socket.gaierror:
            if ":" in host:  # an address whose interface this machine has not
                raise
        name = self._names.get(host) or self._new_name(host)
        was_due = self._is_due(name)
        if was_due:
            self._ask(host, name)
        is_known = bool(name.addresses) or name.error is not None
        if name.asking is not None and (was_due or not is_known):
            await asyncio.wait([name.asking], timeout=_MOMENT_S if is_known else None)
        if not name.addresses:
            raise socket.gaierror(*(name.error.args if name.error else (socket.EAI_AGAIN,)))
        return [(*rest, (at, port, *scope)) for *rest, (at, _, *scope) in name.addresses]

    def _new_name(self, host: str) -> _Name:
        if len(self._names) >= _MOST_NAMES:
            del self._names[next(iter(self._names))]
        name = self._names[host] = _Name()
        return name

    def _is_due(self, name: _Name) -> bool:
        if name.asking is not None:
            return False
        return self._clock() >= name.due_s or (
            name.is_unanswered and name.asked_s < self._responded_s
        )

    def _ask(self, host: str, name: _Name) -> None:
        """Ask for a name: those in the hosts file first, then those that have failed least."""
        is_in_hosts = host.lower() in self._hosts.value()
        is_sure = bool(name.addresses) or (is_in_hosts and not name.failures)
        threads, rank = (self._sure, not is_in_hosts) if is_sure else (self._others, name.failures)
        name.asking = threads.call(partial(self._addresses, host, name.failures), rank)
        name.asking.add_done_callback(partial(self._take, name))

    def _addresses(self, host: str, failures: int) -> list[AddressInfo]:
        """Look up a name, in a thread; if that fails, once more.

        AI_ADDRCONFIG spares name servers the question for addresses of which this machine has none.
        But it also hides such an address of /etc/hosts, as that of localhost: so a name that is not
        found with it is looked up without. After a look-up that hangs, that is done the next time.
        """
        first, then = (socket.AI_ADDRCONFIG, 0)[:: -1 if failures % 2 else 1]
        began_s = time.monotonic()
        try:
            return self._look_up(*_query(host, 0, first))
        except socket.gaierror:
            if time.monotonic() - began_s > _HANGS_S:
                raise
            return self._look_up(*_query(host, 0, then))

    def _take(self, name: _Name, asked: "asyncio.Future[list[AddressInfo]]") -> None:
        """Take an answer."""
        name.asking = None
        if asked.cancelled():
            return
        was_unanswered, now_s = name.is_unanswered, self._clock()
        name.asked_s = now_s
        error = asked.exception()
        if error is None:
            name.addresses, name.error, name.failures = asked.result(), None, 0
            name.due_s = now_s + _TTL_S
        else:
            name.error = _as_gaierror(error)
            name.due_s = now_s + min(_TTL_S, _FIRST_RETRY_S * 2.0 ** min(name.failures, 16))
            name.failures += 1
            if not name.is_unanswered:
                name.addresses = []
        if was_unanswered and not name.is_unanswered:
            self._responded_s = now_s

    def close(self) -> None:
        """Stop without waiting for name servers."""
        self._sure.close()
        self._others.close()


def _query(host: str, port: int, flags: int) -> tuple[str, int, int, int, int, int]:
    return host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, flags


def _as_gaierror(error: BaseException) -> socket.gaierror:
    if isinstance(error, socket.gaierror):
        return error
    if isinstance(error, UnicodeError):
        return socket.gaierror(socket.EAI_NONAME, NO_VALID_NAME)
    return socket.gaierror(socket.EAI_FAIL, str(error))


def _names_in(hosts_file: Path) -> frozenset[str]:
    """Return the names of a hosts file, none if it cannot be read: they only set the order."""
    try:
        text = hosts_file.read_text("utf-8", "replace").lower()
    except OSError:
        return frozenset()
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return frozenset(name for words in lines for name in words[1:])
