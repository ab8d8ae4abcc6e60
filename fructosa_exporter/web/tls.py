"""TLS over non-blocking sockets. A separate module because importing ssl takes 5 MiB."""

import contextlib
import socket
import ssl
from selectors import EVENT_READ, EVENT_WRITE

from .stream import CHUNK, PlainStream


class TLSStream(PlainStream):
    """TLS over TCP; sending may have to wait for data to read, and vice versa."""

    def __init__(self, connected: socket.socket, context: ssl.SSLContext) -> None:
        self._tls = context.wrap_socket(connected, server_side=True, do_handshake_on_connect=False)
        super().__init__(self._tls)

    def is_open(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.wants = EVENT_READ
            return False
        except ssl.SSLWantWriteError:
            self.wants = EVENT_WRITE
            return False
        return True

    def receive(self) -> bytes | None:
        try:
            return self._tls.recv(CHUNK)
        except ssl.SSLWantReadError:
            self.wants = EVENT_READ
        except ssl.SSLWantWriteError:
            self.wants = EVENT_WRITE
        except ssl.SSLEOFError:  # most clients close TCP without a TLS close_notify
            return b""
        return None

    def send(self, data: memoryview) -> int:
        try:
            return self._tls.send(data)
        except ssl.SSLWantReadError:
            self.wants = EVENT_READ
        except ssl.SSLWantWriteError:
            self.wants = EVENT_WRITE
        return 0

    def end(self) -> None:
        # Send close_notify, which proves that the response is complete. Don't wait for the peer's.
        with contextlib.suppress(OSError):
            self._tls.unwrap()
        super().end()
