"""The HTTP server: addresses, the limit of connections, TLS with files that may change.

Connections are accepted here rather than by aiohttp's TCPSite. That one neither limits nor counts
TLS handshakes in progress. With SSLContext.sni_callback it would use new certificates too, but its
session tickets would outlive them: clients of a removed CA could resume sessions for two hours.
"""

import asyncio
import errno
import logging
import math
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web
from aiohttp.log import server_logger

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError
from fructosa_service.file_cache import FileCache
from fructosa_service.web.listening import addresses, endpoint_of
from fructosa_service.web.log_limit import LogLimit
from fructosa_service.web.settings import WebSettings

from ..serving.faults import is_no_odd_request, is_our_fault
from ..serving.known_hosts import is_loopback
from ..serving.sending import Sending

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

# How long a new connection may take until its first request, TLS handshake included.
_FIRST_REQUEST_S = 10.0
# Longer than usual scrape intervals, so that Prometheus need not reconnect for each scrape.
_KEEPALIVE_S = 330.0
# How long requests that are in progress at shutdown may take.
_SHUTDOWN_S = 2.0
_ACCEPT_RETRY_S = 1.0
_LOOK_PAUSE_S = 1.0
CANNOT_LISTEN = (
    "the status page cannot listen on {endpoint}: {reason}; set another address "
    "with --host and --port, or in [lmaster] or [web] listen"
)


# aiohttp logs a traceback for each request that is not HTTP.
server_logger.addFilter(is_our_fault)
server_logger.addFilter(LogLimit())
logging.getLogger("asyncio").addFilter(is_no_odd_request)


class WebServer:
    """Serves an *application* until it is closed."""

    def __init__(self, application: web.Application, settings: WebSettings) -> None:
        files = settings.tls()
        self._tls: FileCache[Any] | None = None if files is None else files.cached()
        self._max_connections = settings.max_connections
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        # A connection is represented by aiohttp's protocol object.
        self._opening: dict[Any, asyncio.Task[None]] = {}
        # Connections without a request in progress, the one that waits longest first; and whether
        # there was a request before.
        self._waiting: dict[Any, bool] = {}
        self._active: set[Any] = set()
        self._looked_s = -math.inf
        application.middlewares[:0] = [self._track, Sending().handle]
        self._runner = web.AppRunner(
            application,
            access_log=None,
            keepalive_timeout=_KEEPALIVE_S,
            shutdown_timeout=_SHUTDOWN_S,
            # No request needs a body, so the rest of one is not read.
            lingering_time=0.0,
        )

    @property
    def urls(self) -> list[str]:
        """The URLs of the pages, with the ports that were bound."""
        scheme = "http" if self._tls is None else "https"
        return [f"{scheme}://{endpoint_of(one)}/" for one in self._sockets]

    @property
    def is_loopback_only(self) -> bool:
        """Whether only this machine can reach it."""
        return all(is_loopback(endpoint_of(one).host) for one in self._sockets)

    async def start(self, endpoints: Sequence[Endpoint]) -> None:
        """Listen on all *endpoints*.

        Raises: ServiceError if one of them cannot be bound; then nothing listens.
        """
        sockets: list[socket.socket] = []
        for endpoint in endpoints:
            try:
                sockets += await _bind(endpoint)
            except OSError as error:
                for one in sockets:
                    one.close()
                # socket.create_server appends the address to the reason.
                reason = (error.strerror or str(error)).partition(" (while")[0]
                raise ServiceError(
                    CANNOT_LISTEN.format(endpoint=endpoint, reason=reason)
                ) from error
        await self.listen(sockets)

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Accept connections at *sockets*, which listen and do not block."""
        await self._runner.setup()
        self._sockets += sockets
        self._accepting = [asyncio.create_task(self._accept(one)) for one in self._sockets]

    async def close(self) -> None:
        """Stop listening; wait a moment for requests in progress, then close all connections."""
        tasks = [*self._accepting, *self._opening.values()]
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
                accepted, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.error("cannot accept connections, retrying in 1 s: %s", error)
                await asyncio.sleep(_ACCEPT_RETRY_S)
                continue
            if self._make_room():
                self._open(accepted)
            else:
                accepted.close()
            await asyncio.sleep(0)  # a burst of connections must not delay the scrapes

    def _make_room(self) -> bool:
        """Return whether another connection may be opened; close an idle one if necessary."""
        if len(self._waiting) + len(self._active) < self._max_connections:
            return True
        self._forget_closed()
        while len(self._waiting) + len(self._active) >= self._max_connections:
            if not self._waiting:
                return False
            self._abort(next(iter(self._waiting)))
        return True

    def _forget_closed(self) -> None:
        """Forget connections that are closed; at most once a second, as it looks at all."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._looked_s + _LOOK_PAUSE_S:
            self._looked_s = now_s
            self._waiting = {one: used for one, used in self._waiting.items() if self._is_open(one)}

    def _is_open(self, connection: Any) -> bool:
        if connection in self._opening:
            return True
        return connection.transport is not None and not connection.transport.is_closing()

    def _abort(self, connection: Any) -> None:
        del self._waiting[connection]
        opening = self._opening.get(connection)
        if opening is not None and not opening.done():
            opening.cancel()
        elif connection.transport is not None:
            connection.transport.abort()

    def _open(self, accepted: socket.socket) -> None:
        """Start serving a connection; close it if there is no request in time."""
        server = self._runner.server
        assert server is not None  # noqa: S101 - start() has set it up
        connection = server()
        self._waiting[connection] = False
        opening = asyncio.create_task(self._connect(connection, accepted))
        self._opening[connection] = opening
        opening.add_done_callback(lambda _: self._opening.pop(connection))
        asyncio.get_running_loop().call_later(_FIRST_REQUEST_S, self._abort_unused, connection)

    async def _connect(self, connection: Any, accepted: socket.socket) -> None:
        # Each connection takes the context that the files make now, so a new certificate or
        # client CA is in use at once, and no session of an old context can be resumed.
        context = None if self._tls is None else self._tls.value()
        loop = asyncio.get_running_loop()
        with suppress(OSError):  # the client has gone away, or the TLS handshake failed
            await loop.connect_accepted_socket(lambda: connection, accepted, ssl=context)

    def _abort_unused(self, connection: Any) -> None:
        if self._waiting.get(connection) is False:
            self._abort(connection)

    @web.middleware
    async def _track(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Note that a connection is in use, so that it is not closed as idle."""
        connection = request.protocol
        self._waiting.pop(connection, None)
        self._active.add(connection)
        try:
            response: web.StreamResponse = await handler(request)
            return response
        finally:
            self._active.discard(connection)
            self._waiting[connection] = True


async def _bind(endpoint: Endpoint) -> list[socket.socket]:
    """Return listening sockets: one for each address of the endpoint's host."""
    found = await asyncio.to_thread(addresses, endpoint)
    sockets: list[socket.socket] = []
    for family, address in found:
        if sockets and not endpoint.port:
            break  # a port that is free on one address may be taken on another
        try:
            sockets.append(socket.create_server(address, family=family))
        except OSError as error:
            # localhost often has ::1 too, even where IPv6 is switched off.
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and len(found) > 1:
                continue
            for one in sockets:
                one.close()
            raise
    if not sockets:
        raise OSError(errno.EADDRNOTAVAIL, "this machine has no such address")
    for one in sockets:
        one.setblocking(False)
    return sockets
