"""The loop: one thread that accepts connections and moves each as far as it can go."""

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
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError

from .connection import ConnectionState, ServerConnection
from .request import Request
from .response import http_date, plain
from .stream import PlainStream, Stream

if TYPE_CHECKING:
    from ssl import SSLContext

log = logging.getLogger(__name__)

_ACCEPTED_AT_ONCE = 64
# Files that are open besides connections: logs, listeners, what sensors read at the moment.
_OTHER_FILES = 64
# Where the system has no file descriptor left, to try again at once would only burn time.
_ACCEPT_PAUSE_S = 1.0
# What is answered is sent before the end; what hangs isn't waited for.
_GRACE_S = 0.5
# To look at a thousand connections at each one's end would cost more than some stay too long.
_SWEEP_PAUSE_S = 1.0

Handle = Callable[[Request, ServerConnection], None]
Poll = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """How much is served at one time."""

    max_connections: int = 1000
    max_requests: int = 40


def open_listener(endpoint: Endpoint) -> socket.socket:
    """Return a socket that listens at *endpoint*.

    Raises: ServiceError with the reason.
    """
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((endpoint.host, endpoint.port or 0))
        made.listen(socket.SOMAXCONN)
        made.setblocking(False)
    except (OSError, OverflowError) as error:
        made.close()
        raise ServiceError(
            f"can't listen on {endpoint}: {error}; "
            "give another --host or --port, or stop what listens there"
        ) from error
    return made


class Server:
    """Serves requests at some endpoints until it is stopped.

    *tls* returns the context for the next connection, None for none. *handle* answers requests
    by ``ServerConnection.respond``. ``polls`` are called in each turn of the loop and return when
    they want to be called again at the latest; ``wake`` has them called soon, from any thread.
    *listen* opens an endpoint, or gives the socket that was opened when the process still had the
    right to.
    """

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        handle: Handle,
        limits: ServerLimits = ServerLimits(),
        tls: "Callable[[], SSLContext | None]" = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        listen: Callable[[Endpoint], socket.socket] = open_listener,
    ) -> None:
        self.polls: list[Poll] = []
        self._handle = handle
        self._tls = tls
        self._clock = clock
        self._limits = limits
        self._connections: dict[ServerConnection, int] = {}  # and the events each waits for
        self._requesting: set[ServerConnection] = set()
        self._sweep_s = math.inf
        self._swept_s = -math.inf
        self._accept_again_s = math.inf
        self._stop_s = math.inf
        self._date = (0, "")
        self._selector = selectors.DefaultSelector()
        self._wake_lock = threading.RLock()  # a signal may come while it is held
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector.register(self._wake_fd, selectors.EVENT_READ, self._woken)
        self._listeners: list[socket.socket] = []
        try:
            for endpoint in endpoints:
                self._listeners.append(listen(endpoint))
        except ServiceError:
            self.close()
            raise
        self._max_connections = _allowed(limits.max_connections)
        self._listen()

    @property
    def endpoints(self) -> list[Endpoint]:
        """Where it listens, with the ports that it got."""
        names = [one.getsockname()[:2] for one in self._listeners]
        return [Endpoint(str(host), port) for host, port in names]

    def serve_forever(self) -> None:
        """Serve until stopped."""
        while not self._is_over():
            again_s = min([poll() for poll in self.polls], default=math.inf)
            for key, _ in self._selector.select(self._timeout(again_s)):
                key.data()
            now_s = self._clock()
            if now_s >= self._sweep_s:
                self._sweep(now_s)
            if now_s >= self._accept_again_s:
                self._listen()
        self.close()

    def wake(self) -> None:
        """Have the loop look around now; any thread may call this."""
        with self._wake_lock:
            if self._wake_fd >= 0:  # what hung may return when all is over
                os.eventfd_write(self._wake_fd, 1)

    def stop(self) -> None:
        """End ``serve_forever`` soon, from within a signal handler or another thread."""
        self._stop_s = self._clock() + _GRACE_S
        self.wake()

    def close(self) -> None:
        """Close all sockets."""
        for connection in list(self._connections):
            connection.close()
        for one in self._listeners:
            one.close()
        self._connections.clear()
        self._selector.close()
        with self._wake_lock:
            if self._wake_fd >= 0:
                os.close(self._wake_fd)
            self._wake_fd = -1

    def _is_over(self) -> bool:
        if self._stop_s == math.inf:
            return False
        is_busy = any(not connection.is_idle for connection in self._connections)
        return not is_busy or self._clock() >= self._stop_s

    def _timeout(self, again_s: float) -> float | None:
        until_s = min(again_s, self._sweep_s, self._accept_again_s, self._stop_s)
        return None if until_s == math.inf else max(0.0, until_s - self._clock())

    def _woken(self) -> None:
        os.eventfd_read(self._wake_fd)

    def _listen(self) -> None:
        self._accept_again_s = math.inf
        for one in self._listeners:
            self._selector.register(one, selectors.EVENT_READ, lambda one=one: self._accept(one))

    def _accept(self, from_listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                connected, _ = from_listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._pause_accepting(error)
                return
            self._open(connected)

    def _pause_accepting(self, error: OSError) -> None:
        log.error("connections can't be accepted for a second: %s", error)
        self._accept_again_s = self._clock() + _ACCEPT_PAUSE_S
        for one in self._listeners:
            self._selector.unregister(one)

    def _open(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        # Else what is left of a page would wait until the client acknowledges what came before.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if len(self._connections) >= self._max_connections and not self._close_idlest():
            connected.close()
            return
        try:
            stream = self._stream(connected)
        except OSError:  # gone before it was looked at
            connected.close()
            return
        connection = ServerConnection(stream, self._begin, self._watch, self._clock, self._today)
        self._connections[connection] = 0
        connection.ready()

    def _stream(self, connected: socket.socket) -> Stream:
        context = self._tls()
        if context is None:
            return PlainStream(connected)
        from .tls import TLSStream

        return TLSStream(connected, context)

    def _close_idlest(self) -> bool:
        """Close the connection that is idle longest; those that never asked come first."""
        silent = (one for one in self._connections if one.is_idle and not one.has_requested)
        # They are in the order of their coming. To look at all of them each time, while somebody
        # opens thousands, would be a load of its own.
        longest = next(silent, None)
        if longest is None:
            idle = [one for one in self._connections if one.is_idle]
            longest = min(idle, key=lambda one: one.since_s, default=None)
        if longest is not None:
            longest.close()
        return longest is not None

    def _begin(self, request: Request, connection: ServerConnection) -> None:
        if len(self._requesting) >= self._limits.max_requests:
            text = f"{self._limits.max_requests} requests are being answered already; try again"
            connection.respond(plain(503, text, Retry_After="1"))
        else:
            self._requesting.add(connection)
            self._handle(request, connection)

    def _watch(self, connection: ServerConnection) -> None:
        """Wait for what a *connection* waits for now."""
        if connection.state is not ConnectionState.WAITING:
            self._requesting.discard(connection)
        before, events = self._connections[connection], connection.events
        if events != before:
            self._select(connection, before, events)
            self._connections[connection] = events
        if connection.state is ConnectionState.CLOSED:
            del self._connections[connection]
        until_s = max(connection.until_s, self._swept_s + _SWEEP_PAUSE_S)
        self._sweep_s = min(self._sweep_s, until_s)

    def _select(self, connection: ServerConnection, before: int, events: int) -> None:
        # The key is the number, as a closed socket has none any more; it is forgotten before
        # another connection can get the same one.
        fd = connection.fd
        if not before:
            self._selector.register(fd, events, connection.ready)
        elif not events:
            self._selector.unregister(fd)
        else:
            self._selector.modify(fd, events, connection.ready)

    def _sweep(self, now_s: float) -> None:
        """Close the connections whose time is up."""
        self._swept_s, self._sweep_s = now_s, math.inf
        for connection in list(self._connections):
            if connection.until_s <= now_s:
                connection.close()
            else:
                self._watch(connection)

    def _today(self) -> str:
        now_s = int(time.time())
        if now_s != self._date[0]:
            self._date = (now_s, http_date(now_s))
        return self._date[1]


def _allowed(connections: int) -> int:
    """Return how many of the wanted *connections* this process may have; raise its soft limit."""
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < wanted:
            log.warning(
                "only %d connections can be open at one time, as this process may have no more "
                "than %d files open; raise its hard limit (ulimit -n), or lower [web] "
                "max connections",
                max(1, most - _OTHER_FILES),
                most,
            )
            return max(1, most - _OTHER_FILES)
    return connections
