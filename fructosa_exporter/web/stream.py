"""Non-blocking sockets."""

import socket
from selectors import EVENT_READ, EVENT_WRITE
from typing import Protocol

CHUNK = 16 * 1024


class Stream(Protocol):
    """A non-blocking byte stream. All methods may raise OSError, such as SSLError.

    ``wants`` is the event to wait for after a call that could not do anything.
    """

    wants: int

    def fileno(self) -> int:
        """Return the socket's file descriptor."""

    def is_open(self) -> bool:
        """Continue to open the stream; return whether it is open."""

    def receive(self) -> bytes | None:
        """Return received data, empty at the end of the stream, None if there is none yet."""

    def send(self, data: memoryview) -> int:
        """Send as much of *data* as possible; return how many bytes were sent."""

    def end(self) -> None:
        """Close the sending side, so that the peer knows that nothing more will come."""

    def close(self) -> None:
        """Close the socket."""


class PlainStream:
    """A TCP connection without TLS."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.wants = EVENT_READ

    def fileno(self) -> int:
        return self._socket.fileno()

    def is_open(self) -> bool:
        return True

    def receive(self) -> bytes | None:
        self.wants = EVENT_READ
        try:
            return self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return None

    def send(self, data: memoryview) -> int:
        self.wants = EVENT_WRITE
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def end(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._socket.close()
