"""Where the pages are listened for: addresses, TLS with files that may change, connections.

asyncio's servers keep the TLS context they began with, so connections are accepted here, each with
the context that the files make at that moment.
"""

import asyncio
import errno
import logging
import math
import socket
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError
from fructosa_service.file_cache import FileCache
from fructosa_service.web.settings import WebSettings

log = logging.getLogger(__name__)

# A client that has connected must ask; one that doesn't costs us memory.
_FIRST_S = 10.0
# Between two scrapes: longer than scrape intervals are, so that connections are kept.
_IDLE_S = 330.0
# How long answers may go on that are being given at the end.
_GRACE_S = 2.0
_ACCEPT_PAUSE_S = 1.0


class Listener:
    """Accepts connections for an *application*, until it is closed."""

    def __init__(self, application: web.Application, settings: WebSettings) -> None:
        files = settings.tls()
        self._tls: FileCache[Any] | None = None if files is None else files.cached()
        self._most = settings.max_connections
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._opening: dict[asyncio.Task[None], None] = {}  # in the order of their coming
        self._since_s: dict[Any, float] = {}
        self._busy: set[Any] = set()
        application.middlewares.insert(0, self._noted)
        self._runner = web.AppRunner(
            application, access_log=None, keepalive_timeout=_IDLE_S, shutdown_timeout=_GRACE_S
        )

    @property
    def urls(self) -> list[str]:
        """Where the pages are, with the ports that it got."""
        scheme = "http" if self._tls is None else "https"
        names = [one.getsockname()[:2] for one in self._sockets]
        return [f"{scheme}://{Endpoint(host, port)}/" for host, port in names]

    async def start(self, places: Sequence[Endpoint]) -> None:
        """Listen at *places*.

        Raises: ServiceError when one of them can't be had.
        """
        await self._runner.setup()
        for place in places:
            try:
                self._sockets += await _listening(place)
            except OSError as error:
                await self.close()
                raise ServiceError(
                    f"the status page can't listen on {place}: {error.strerror or error}; "
                    "give another --port, or set [lmaster] port or [web] listen"
                ) from error
        self._accepting = [asyncio.create_task(self._accept(one)) for one in self._sockets]

    async def close(self) -> None:
        """Accept nothing more; let what is being answered end."""
        tasks = [*self._accepting, *self._opening]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in self._sockets:
            one.close()
        await self._runner.cleanup()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connected, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.error("connections can't be accepted for a second: %s", error)
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            if self._has_room():
                opening = asyncio.create_task(self._take(connected))
                self._opening[opening] = None
                opening.add_done_callback(self._forget)
            else:
                connected.close()
            await asyncio.sleep(0)  # many that come at once must not keep the scraping waiting

    def _forget(self, opening: asyncio.Task[None]) -> None:
        self._opening.pop(opening, None)

    async def _take(self, connected: socket.socket) -> None:
        """Give a connection to what answers; close it if it asks nothing."""
        loop = asyncio.get_running_loop()
        context = None if self._tls is None else self._tls.value()
        patience_s = None if context is None else _FIRST_S
        server = self._runner.server
        try:
            assert server is not None  # noqa: S101 - it was set up
            _, connection = await loop.connect_accepted_socket(
                server, connected, ssl=context, ssl_handshake_timeout=patience_s
            )
        except OSError:  # gone already, or it speaks no TLS: its loss
            return
        self._since_s[connection] = loop.time()
        loop.call_later(_FIRST_S, self._look_at, connection, self._since_s[connection])

    def _look_at(self, connection: Any, since_s: float) -> None:
        if self._since_s.get(connection) == since_s and connection not in self._busy:
            self._end(connection)

    def _end(self, connection: Any) -> None:
        self._since_s[connection] = math.inf
        if connection.transport is not None:
            connection.transport.abort()

    @web.middleware
    async def _noted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Note which connections are answered, and since when the others are idle."""
        connection = request.protocol
        self._busy.add(connection)
        try:
            answer: web.StreamResponse = await handler(request)
            return answer
        finally:
            self._busy.discard(connection)
            self._since_s[connection] = asyncio.get_running_loop().time()

    def _has_room(self) -> bool:
        """Tell whether one more connection may be; the one that is idle longest makes room."""
        server = self._runner.server
        live = set() if server is None else set(server.connections)
        if len(self._since_s) > 2 * len(live) + 16:
            self._since_s = {one: at_s for one, at_s in self._since_s.items() if one in live}
        since_s = {one: self._since_s.get(one, 0.0) for one in live}
        if len(self._opening) + sum(at_s < math.inf for at_s in since_s.values()) < self._most:
            return True
        if self._opening:  # a handshake that takes longest is the least loss
            next(iter(self._opening)).cancel()
            self._forget(next(iter(self._opening)))
            return True
        idle = [one for one in live if one not in self._busy and since_s[one] < math.inf]
        if not idle:
            return False
        self._end(min(idle, key=since_s.__getitem__))
        return True


async def _listening(place: Endpoint) -> list[socket.socket]:
    """Return sockets that listen at a *place*: one for each address of its name that is there."""
    found = await asyncio.get_running_loop().getaddrinfo(
        place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    made: list[socket.socket] = []
    for family, kind, protocol, _, address in dict.fromkeys(found):
        if made and not place.port:
            break  # a free port of one address need not be free at another
        try:
            made.append(_bound(family, kind, protocol, address))
        except OSError as error:
            # localhost may be ::1 as well, on a machine that speaks no IPv6.
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and len(found) > 1:
                continue
            for one in made:
                one.close()
            raise
    if not made:
        raise OSError(errno.EADDRNOTAVAIL, "this machine has no such address")
    return made


def _bound(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(128)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
