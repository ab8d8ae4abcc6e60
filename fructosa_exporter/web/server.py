"""The event loop: one thread that accepts connections and serves all of them."""

import logging
import math
import os
import resource
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError
from fructosa_service.web.listening import Address, addresses, endpoint_of
from fructosa_service.web.log_limit import LogLimit

from .connection import ConnectionState, ServerConnection
from .request import Request
from .response import http_date, text_response
from .stream import PlainStream, Stream

if TYPE_CHECKING:
    from ssl import SSLContext

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

CANNOT_LISTEN = (
    "cannot listen on {endpoint}: {reason}; set another --host or --port, or stop the program that "
    "listens there"
)

_ACCEPTED_AT_ONCE = 64
# File descriptors reserved for other uses than connections: logs, listeners, sensors.
_OTHER_FILES = 64
# If the system has no file descriptor left, retrying at once would only waste CPU time.
_ACCEPT_PAUSE_S = 1.0
# How long a shutdown waits for pending responses.
_GRACE_S = 0.5
# How long a request waits for a place: less than the usual timeouts of scrapers.
PLACE_TIMEOUT_S = 3.0
# Minimum time between sweeps: checking a thousand connections whenever one times out costs more
# than closing some of them late.
_SWEEP_PAUSE_S = 1.0

Handle = Callable[[Request, ServerConnection], None]
Poll = Callable[[], float]


class _Queued(NamedTuple):
    """A request that waits for a place until a time."""

    request: Request
    handle: Handle
    until_s: float


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """Limits of what is served at the same time."""

    max_connections: int = 1000
    max_requests: int = 40


def open_listener(endpoint: Endpoint) -> socket.socket:
    """Return a socket that listens on *endpoint*.

    Raises: ServiceError with the reason.
    """
    failure: OSError | None = None
    try:
        for family, address in addresses(endpoint):
            try:
                return _listener(family, address)
            except OSError as error:
                failure = failure or error
    except OSError as error:  # there is no such name or network interface
        failure = error
    why = (failure.strerror if failure else "") or str(failure)
    raise ServiceError(CANNOT_LISTEN.format(endpoint=endpoint, reason=why)) from failure


def _listener(family: socket.AddressFamily, address: Address) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(socket.SOMAXCONN)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class Server:
    """Serves requests on some endpoints until it is stopped.

    *handle* responds to requests through ``ServerConnection.respond``. With *handler_admits* it
    calls ``admit`` itself, for requests whose password is right: guesses take no place from others.
    *tls* returns the context for the next connection, None for plain TCP. *listen* opens an
    endpoint, or returns a socket that was opened before privileges were dropped. Each function in
    ``polls`` is called in each iteration of the loop and returns when to call it again at the
    latest. ``wake`` starts an iteration, from any thread.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        handle: Handle,
        limits: ServerLimits = ServerLimits(),
        tls: "Callable[[], SSLContext | None]" = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        listen: Callable[[Endpoint], socket.socket] = open_listener,
        handler_admits: bool = False,
    ) -> None:
        self.polls: list[Poll] = []
        self._handle = handle
        self._handler_admits = handler_admits
        self._tls = tls
        self._clock = clock
        self._limits = limits
        self._connections: dict[ServerConnection, int] = {}  # with the events they wait for
        self._busy: set[ServerConnection] = set()
        self._queue: dict[ServerConnection, _Queued] = {}  # those that wait for a place
        self._unfinished: dict[ServerConnection, None] = {}  # those whose turn ended too early
        self._sweep_s = math.inf
        self._swept_s = -math.inf
        self._accept_again_s = math.inf
        self._stop_s = math.inf
        self._date = (0, "")
        self._selector = selectors.DefaultSelector()
        self._wake_lock = threading.RLock()  # reentrant for signal handlers that call wake()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector.register(self._wake_fd, selectors.EVENT_READ, self._on_wake)
        self._listeners: list[socket.socket] = []
        try:
            for endpoint in endpoints:
                self._listeners.append(listen(endpoint))
        except ServiceError:
            self.close()
            raise
        self._max_connections = _raise_file_limit(limits.max_connections)
        self._listen()

    @property
    def endpoints(self) -> list[Endpoint]:
        """The endpoints that it listens on, with the actual ports."""
        return [endpoint_of(listener) for listener in self._listeners]

    def serve_forever(self) -> None:
        """Serve until stopped."""
        while not self._is_done():
            next_poll_s = min([poll() for poll in self.polls], default=math.inf)
            if self._admit_waiting():
                next_poll_s = -math.inf  # there may be something to poll for
            for key, _ in self._selector.select(self._timeout(next_poll_s)):
                key.data()
            self._continue()
            now_s = self._clock()
            if now_s >= self._sweep_s:
                self._sweep(now_s)
            if now_s >= self._accept_again_s:
                self._listen()
        self.close()

    def wake(self) -> None:
        """Start an iteration of the loop now; any thread may call this."""
        with self._wake_lock:
            if self._wake_fd >= 0:  # a sensor that hung may return after close()
                os.eventfd_write(self._wake_fd, 1)

    def stop(self) -> None:
        """Make ``serve_forever`` return soon; signal handlers and any thread may call this."""
        self._stop_s = self._clock() + _GRACE_S
        self.wake()

    def close(self) -> None:
        """Close all sockets."""
        for connection in list(self._connections):
            connection.close()
        for listener in self._listeners:
            listener.close()
        self._connections.clear()
        self._selector.close()
        with self._wake_lock:
            if self._wake_fd >= 0:
                os.close(self._wake_fd)
            self._wake_fd = -1

    def _is_done(self) -> bool:
        if self._stop_s == math.inf:
            return False
        is_busy = any(not connection.is_idle for connection in self._connections)
        return not is_busy or self._clock() >= self._stop_s

    def _continue(self) -> None:
        """Give each connection that has more to do its next turn."""
        unfinished, self._unfinished = self._unfinished, {}
        for connection in unfinished:
            connection.ready()

    def _timeout(self, next_poll_s: float) -> float | None:
        if self._unfinished:
            return 0.0
        place_s = next((one.until_s for one in self._queue.values()), math.inf)
        until_s = min(next_poll_s, self._sweep_s, self._accept_again_s, self._stop_s, place_s)
        return None if until_s == math.inf else max(0.0, until_s - self._clock())

    def _on_wake(self) -> None:
        os.eventfd_read(self._wake_fd)

    def _listen(self) -> None:
        self._accept_again_s = math.inf
        for listener in self._listeners:
            self._selector.register(
                listener, selectors.EVENT_READ, lambda listener=listener: self._accept(listener)
            )

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connected, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._pause_accepting(error)
                return
            self._open(connected, str(address[0]))

    def _pause_accepting(self, error: OSError) -> None:
        log.error("cannot accept connections, retrying in %g s: %s", _ACCEPT_PAUSE_S, error)
        self._accept_again_s = self._clock() + _ACCEPT_PAUSE_S
        for listener in self._listeners:
            self._selector.unregister(listener)

    def _open(self, connected: socket.socket, client: str) -> None:
        connected.setblocking(False)
        # Otherwise the last segment of a page waits until the client acknowledges the others.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._connections) >= self._max_connections and not self._close_idlest():
            connected.close()
            return
        try:
            stream = self._open_stream(connected)
        except OSError:  # the client is gone already
            connected.close()
            return
        connection = ServerConnection(
            stream, self._dispatch, self._update, self._clock, self._http_date, client
        )
        self._connections[connection] = 0
        connection.ready()

    def _open_stream(self, connected: socket.socket) -> Stream:
        context = self._tls()
        if context is None:
            return PlainStream(connected)
        from .tls import TLSStream

        return TLSStream(connected, context)

    def _close_idlest(self) -> bool:
        """Close the connection that is idle longest, preferably one without any request.

        If none is, close that which waits longest for a place.
        Return whether there was one.
        """
        silent = (one for one in self._connections if one.is_idle and not one.has_requested)
        # Connections are in order of arrival, so the first is the oldest. Searching all of them
        # each time would be expensive while a client opens thousands.
        idlest = next(silent, None)
        if idlest is None:
            idle = [one for one in self._connections if one.is_idle]
            idlest = min(idle, key=lambda one: one.since_s, default=next(iter(self._queue), None))
        if idlest is not None:
            idlest.close()
        return idlest is not None

    def _dispatch(self, request: Request, connection: ServerConnection) -> None:
        if self._handler_admits:
            self._handle(request, connection)
        else:
            self.admit(request, connection, self._handle)

    def admit(self, request: Request, connection: ServerConnection, handle: Handle) -> None:
        """Pass a *request* on to *handle* when there is a place for it."""
        if connection.state is not ConnectionState.WAITING:
            return  # it was closed while its password was checked
        if len(self._busy) < self._limits.max_requests:
            self._busy.add(connection)
            handle(request, connection)
        else:
            until_s = self._clock() + PLACE_TIMEOUT_S
            self._queue[connection] = _Queued(request, handle, until_s)

    def _admit_waiting(self) -> bool:
        """Admit requests for which there are places now; return whether there were any.

        Each connection has one at most, so whoever sends many keeps nobody waiting for long.
        """
        admitted = False
        while self._queue and len(self._busy) < self._limits.max_requests:
            connection, queued = self._first_queued()
            self._busy.add(connection)
            queued.handle(queued.request, connection)
            admitted = True
        while self._queue and next(iter(self._queue.values())).until_s <= self._clock():
            connection, _ = self._first_queued()
            text = f"{self._limits.max_requests} requests are being handled already; try again"
            connection.respond(text_response(503, text, Retry_After="1"))
        return admitted

    def _first_queued(self) -> "tuple[ServerConnection, _Queued]":
        connection = next(iter(self._queue))
        return connection, self._queue.pop(connection)

    def _update(self, connection: ServerConnection) -> None:
        """Select the events that a *connection* waits for now; forget it if it is closed."""
        if connection.state is not ConnectionState.WAITING:
            self._busy.discard(connection)
            self._queue.pop(connection, None)
        before, events = self._connections[connection], connection.events
        if events != before:
            self._select(connection, before, events)
            self._connections[connection] = events
        if connection.has_more:
            self._unfinished[connection] = None
        if connection.state is ConnectionState.CLOSED:
            del self._connections[connection]
        until_s = max(connection.until_s, self._swept_s + _SWEEP_PAUSE_S)
        self._sweep_s = min(self._sweep_s, until_s)

    def _select(self, connection: ServerConnection, before: int, events: int) -> None:
        # Register the file descriptor instead of the socket: a closed socket has none. It is
        # unregistered before another connection can get the same number.
        fd = connection.fd
        if not before:
            self._selector.register(fd, events, connection.ready)
        elif not events:
            self._selector.unregister(fd)
        else:
            self._selector.modify(fd, events, connection.ready)

    def _sweep(self, now_s: float) -> None:
        """Close the connections that have timed out."""
        self._swept_s, self._sweep_s = now_s, math.inf
        for connection in list(self._connections):
            if connection.until_s <= now_s:
                connection.close()
            else:
                self._update(connection)

    def _http_date(self) -> str:
        now_s = int(time.time())
        if now_s != self._date[0]:
            self._date = (now_s, http_date(now_s))
        return self._date[1]


def _raise_file_limit(connections: int) -> int:
    """Raise the soft limit of open files for so many *connections*; return how many it allows."""
    needed = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < needed:
            log.warning(
                "at most %d connections can be open at the same time, because this process may "
                "open at most %d files; raise its hard limit (ulimit -n), or lower [web] "
                "max connections",
                max(1, allowed - _OTHER_FILES),
                allowed,
            )
            return max(1, allowed - _OTHER_FILES)
    return connections
