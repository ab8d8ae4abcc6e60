"""Sockets that never block."""

import socket
from selectors import EVENT_READ, EVENT_WRITE
from typing import Protocol

CHUNK = 16 * 1024


class Stream(Protocol):
    """What a connection needs of its socket. OSErrors pass, ssl's among them.

    ``wants`` is the event to wait for when a call could do nothing.
    """

    wants: int

    def fileno(self) -> int:
        """Return the socket's file descriptor."""

    def is_open(self) -> bool:
        """Go on opening the stream; tell whether that is done."""

    def receive(self) -> bytes | None:
        """Return what came, nothing at the end, None while there is nothing yet."""

    def send(self, data: memoryview) -> int:
        """Send what can be sent of *data* now; return how much that was."""

    def end(self) -> None:
        """Tell the peer that nothing more will come."""

    def close(self) -> None:
        """Close the socket."""


class PlainStream:
    """A TCP connection as it is."""

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
