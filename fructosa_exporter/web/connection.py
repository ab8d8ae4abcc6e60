"""One client: from what it sends to requests, and from answers to what it is sent.

A connection is driven by the loop (server.py): ``ready`` when its socket is, ``respond`` when
what it asked for is there. It never blocks, and says until when it may stay as it is.
"""

import logging
import math
from collections.abc import Callable
from enum import Enum, auto

from .request import BadRequest, Request, head_end, parse
from .response import Response, message, plain
from .stream import Stream

log = logging.getLogger(__name__)

# A client that has begun to ask must go on; one that doesn't is a trickle that costs us memory.
HEAD_TIMEOUT_S = 10.0
# Between two scrapes: longer than scrape intervals are, so that connections are kept.
IDLE_TIMEOUT_S = 330.0
SEND_TIMEOUT_S = 30.0
# To close while the client still sends would destroy the answer that is on its way to it.
DRAIN_TIMEOUT_S = 2.0


class ConnectionState(Enum):
    """What a connection is about."""

    OPENING = auto()
    RECEIVING = auto()
    WAITING = auto()  # for the answer
    SENDING = auto()
    DRAINING = auto()
    CLOSED = auto()


class ServerConnection:
    """What a client sent so far, and what it is still to be sent.

    *handle* is given each request; its answer comes by ``respond``, at once or later. *changed* is
    told whenever the connection may wait for something else than before. *clock* is the loop's,
    *date* says what day it is for HTTP.
    """

    def __init__(
        self,
        stream: Stream,
        handle: Callable[[Request, "ServerConnection"], None],
        changed: Callable[["ServerConnection"], None],
        clock: Callable[[], float],
        date: Callable[[], str],
    ) -> None:
        self.fd = stream.fileno()
        self.state = ConnectionState.OPENING
        self.has_requested = False
        self.since_s = clock()
        self.until_s = self.since_s + HEAD_TIMEOUT_S
        self._stream = stream
        self._handle = handle
        self._changed = changed
        self._clock = clock
        self._date = date
        self._received = bytearray()
        self._looked_at = 0
        self._to_send = memoryview(b"")
        self._request: Request | None = None
        self._is_last = False
        self._is_ended = False  # the client sends nothing more, and may still read
        self._is_advancing = False
        self._is_paused = False  # something came that must wait

    @property
    def events(self) -> int:
        """The events of its socket that it waits for; 0 for none."""
        if self._is_paused or self.state is ConnectionState.CLOSED:
            return 0
        return self._stream.wants

    @property
    def is_idle(self) -> bool:
        """Whether it may be closed at any time without breaking a promise."""
        return self.state in (
            ConnectionState.OPENING,
            ConnectionState.RECEIVING,
            ConnectionState.DRAINING,
        )

    def ready(self) -> None:
        """Do what can be done now that the socket is ready."""
        # To stop listening during each answer would be two calls of the kernel more.
        self._is_paused = self.state is ConnectionState.WAITING
        try:
            self._advance()
        except OSError:  # it went away, or speaks no TLS: its loss
            self._shut()
        except Exception:
            log.exception("a fault in handling a connection, which is closed; please report this")
            self._shut()
        self._changed(self)

    def respond(self, response: Response) -> None:
        """Send *response* to the request that waits for it."""
        if self.state is not ConnectionState.WAITING:
            return  # the client is gone
        is_head = self._request is not None and self._request.method == "HEAD"
        self._to_send = memoryview(
            message(response, date=self._date(), is_last=self._is_last, has_body=not is_head)
        )
        self._enter(ConnectionState.SENDING, SEND_TIMEOUT_S)
        self._is_paused = False
        if not self._is_advancing:
            self.ready()

    def close(self) -> None:
        """Close the socket."""
        self._shut()
        self._changed(self)

    def _shut(self) -> None:
        self.state = ConnectionState.CLOSED
        self.until_s = math.inf
        self._stream.close()

    def _enter(self, state: ConnectionState, timeout_s: float) -> None:
        self.state = state
        self.since_s = self._clock()
        self.until_s = self.since_s + timeout_s

    def _advance(self) -> None:
        self._is_advancing = True
        try:
            while self._step():
                pass
        finally:
            self._is_advancing = False

    def _step(self) -> bool:
        """Do one thing; tell whether there may be another one to do."""
        if self.state is ConnectionState.OPENING:
            return self._open()
        if self.state is ConnectionState.RECEIVING:
            return self._take_request() or self._receive()
        if self.state is ConnectionState.SENDING:
            return self._send()
        if self.state is ConnectionState.DRAINING:
            return self._drain()
        return False

    def _open(self) -> bool:
        if not self._stream.is_open():
            return False
        self.state = ConnectionState.RECEIVING  # within the time that it had from the beginning
        return True

    def _receive(self) -> bool:
        data = self._stream.receive()
        if data is None:
            return False
        if not data:
            if self._received:
                self._is_ended = True
                self._refuse(BadRequest(400, "the request ends within its headers"))
                return True
            self._shut()
            return False
        if not self._received and self.has_requested:
            self.until_s = self._clock() + HEAD_TIMEOUT_S
        self._received += data
        return True

    def _take_request(self) -> bool:
        """Hand over the request that was received, if it is whole."""
        if not self._received:
            return False
        try:
            end = head_end(self._received, self._looked_at)
            if end is None:
                self._looked_at = len(self._received)
                return False
            request = parse(bytes(self._received[:end]))
        except BadRequest as error:
            self._refuse(error)
            return True
        del self._received[:end]
        self._looked_at = 0
        self._hand_over(request)
        return True

    def _hand_over(self, request: Request) -> None:
        self.has_requested = True
        self._request = request
        self._is_last = request.is_last
        self._enter(ConnectionState.WAITING, math.inf)
        self._handle(request, self)

    def _refuse(self, error: BadRequest) -> None:
        self._request, self._is_last = None, True
        self._received.clear()
        self._enter(ConnectionState.WAITING, math.inf)
        self.respond(plain(error.status, str(error)))

    def _send(self) -> bool:
        sent = self._stream.send(self._to_send)
        self._to_send = self._to_send[sent:]
        if self._to_send:
            return sent > 0
        self._request = None
        if self._is_ended:
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
