"""The connection of one client: receives requests, sends responses.

The event loop in server.py drives it: it calls ``ready`` when the socket is ready. The request
handler calls ``respond``. A connection never blocks; the loop closes it at ``until_s``.
"""

import logging
import math
from collections.abc import Callable
from enum import Enum, auto

from fructosa_service.web.log_limit import LogLimit

from .request import BadRequest, Request, head_end, parse
from .response import Response, encode, text_response
from .stream import Stream

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

# To receive all headers of a request once it has begun: slow clients must not fill the memory.
HEAD_TIMEOUT_S = 10.0
# Between two requests. Longer than usual scrape intervals, so that connections are reused.
IDLE_TIMEOUT_S = 330.0
SEND_TIMEOUT_S = 30.0
# After the last response. Closing while the client still sends would reset the connection, and the
# client might lose the response.
DRAIN_TIMEOUT_S = 2.0
# A connection's turn ends after so many system calls, and after a request if more have arrived.
# Usual requests take five. One that always has more to say must not keep the others waiting.
STEPS_A_TURN = 8


class ConnectionState(Enum):
    """What a connection is doing."""

    OPENING = auto()
    RECEIVING = auto()
    WAITING = auto()  # for the response
    SENDING = auto()
    DRAINING = auto()
    CLOSED = auto()


class ServerConnection:
    """A connection, with the data received so far and the data still to send.

    A call of ``ready`` is a turn: if it ends with ``has_more``, the connection is to get another
    one after all others. *handle* is called with each request; the response is passed to
    ``respond``, at once or later. *on_change* is called when ``state``, ``events`` or ``until_s``
    may have changed. *clock* is that of the loop; *date* returns the current date in HTTP's format.
    *client* is the address that it comes from.
    """

    def __init__(
        self,
        stream: Stream,
        handle: Callable[[Request, "ServerConnection"], None],
        on_change: Callable[["ServerConnection"], None],
        clock: Callable[[], float],
        date: Callable[[], str],
        client: str = "",
    ) -> None:
        self.client = client
        self.fd = stream.fileno()
        self.state = ConnectionState.OPENING
        self.has_requested = False
        self.has_more = False
        self.since_s = clock()
        self.until_s = self.since_s + HEAD_TIMEOUT_S
        self._stream = stream
        self._handle = handle
        self._on_change = on_change
        self._clock = clock
        self._date = date
        self._received = bytearray()
        self._searched = 0  # bytes of _received that hold no end of the headers
        self._to_send = memoryview(b"")
        self._request: Request | None = None
        self._is_last = False
        self._is_half_closed = False  # the client sends nothing more, but may still read
        self._is_advancing = False
        self._had_request = False  # in this turn
        self._is_paused = False  # data arrived that must not be read yet

    @property
    def events(self) -> int:
        """The socket events to wait for; 0 for none."""
        if self._is_paused or self.state is ConnectionState.CLOSED:
            return 0
        return self._stream.wants

    @property
    def is_idle(self) -> bool:
        """Whether it can be closed without losing a response."""
        return self.state in (
            ConnectionState.OPENING,
            ConnectionState.RECEIVING,
            ConnectionState.DRAINING,
        )

    def ready(self) -> None:
        """Take a turn: advance without blocking; the socket is ready."""
        if self.state is ConnectionState.CLOSED:
            return  # for another one, since the selector said that it is ready
        # Pause only if something arrives: to do it for each response costs two more system calls.
        self._is_paused = self.state is ConnectionState.WAITING
        try:
            self._advance()
        except OSError:  # the client is gone, or does not use TLS
            self._shut()
        except Exception:
            log.exception("internal error; the connection is closed; please report this")
            self._shut()
        self._on_change(self)

    def respond(self, response: Response) -> None:
        """Send *response* to the current request."""
        if self.state is not ConnectionState.WAITING:
            return  # the client is gone
        is_head = self._request is not None and self._request.method == "HEAD"
        self._to_send = memoryview(
            encode(response, date=self._date(), is_last=self._is_last, has_body=not is_head)
        )
        self._enter(ConnectionState.SENDING, SEND_TIMEOUT_S)
        self._is_paused = False
        if not self._is_advancing:
            self.ready()

    def close(self) -> None:
        """Close the socket."""
        if self.state is not ConnectionState.CLOSED:
            self._shut()
            self._on_change(self)

    def _shut(self) -> None:
        self.state = ConnectionState.CLOSED
        self.has_more = False
        self.until_s = math.inf
        self._stream.close()

    def _enter(self, state: ConnectionState, timeout_s: float) -> None:
        self.state = state
        self.since_s = self._clock()
        self.until_s = self.since_s + timeout_s

    def _advance(self) -> None:
        self._is_advancing = True
        self._had_request = self.has_more = False
        try:
            for _ in range(STEPS_A_TURN):
                if not self._step():
                    return
                if self._had_request and self._received and self.is_idle:
                    break
            self.has_more = self.state not in (ConnectionState.WAITING, ConnectionState.CLOSED)
        finally:
            self._is_advancing = False

    def _step(self) -> bool:
        """Do one step; return whether another one may be possible."""
        if self.state is ConnectionState.OPENING:
            return self._open()
        if self.state is ConnectionState.RECEIVING:
            return self._parse_request() or self._receive()
        if self.state is ConnectionState.SENDING:
            return self._send()
        if self.state is ConnectionState.DRAINING:
            return self._drain()
        return False

    def _open(self) -> bool:
        if not self._stream.is_open():
            return False
        self.state = ConnectionState.RECEIVING  # until_s stays: it includes the TLS handshake
        return True

    def _receive(self) -> bool:
        data = self._stream.receive()
        if data is None:
            return False
        if not data:
            if self._received:
                self._is_half_closed = True
                self._reject(BadRequest(400, "the request ends within its headers"))
                return True
            self._shut()
            return False
        if not self._received and self.has_requested:
            self.until_s = self._clock() + HEAD_TIMEOUT_S
        self._received += data
        return True

    def _parse_request(self) -> bool:
        """Parse and handle the next request, if it is complete; return whether it was."""
        if not self._received:
            return False
        try:
            end = head_end(self._received, self._searched)
            if end is None:
                self._searched = len(self._received)
                return False
            request = parse(bytes(self._received[:end]))
        except BadRequest as error:
            self._reject(error)
            return True
        del self._received[:end]
        self._searched = 0
        self._start(request)
        return True

    def _start(self, request: Request) -> None:
        self.has_requested = self._had_request = True
        self._request = request
        self._is_last = request.is_last
        self._enter(ConnectionState.WAITING, math.inf)
        self._handle(request, self)

    def _reject(self, error: BadRequest) -> None:
        self._request, self._is_last = None, True
        self._received.clear()
        self._enter(ConnectionState.WAITING, math.inf)
        self.respond(text_response(error.status, str(error)))

    def _send(self) -> bool:
        sent = self._stream.send(self._to_send)
        self._to_send = self._to_send[sent:]
        if self._to_send:
            return sent > 0
        self._request = None
        if self._is_half_closed:
            self._shut()
        elif self._is_last:
            self._stream.end()
            self._enter(ConnectionState.DRAINING, DRAIN_TIMEOUT_S)
        else:
            self._enter(ConnectionState.RECEIVING, IDLE_TIMEOUT_S)
            if self._received:
                self.until_s = self.since_s + HEAD_TIMEOUT_S
        return True

    def _drain(self) -> bool:
        data = self._stream.receive()
        if data == b"":
            self._shut()
        return bool(data)
