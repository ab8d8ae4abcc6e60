"""TLS over sockets that never block. A module of its own: ssl is five megabytes."""

import contextlib
import socket
import ssl
from selectors import EVENT_READ, EVENT_WRITE

from .stream import CHUNK, PlainStream


class TLSStream(PlainStream):
    """TLS over TCP; either direction may have to wait for the other."""

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
        except ssl.SSLEOFError:  # most clients close without saying so in TLS
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
        # TLS has a word for the end, so that nobody can cut an answer short; that the peer says
        # it too isn't waited for here.
        with contextlib.suppress(OSError):
            self._tls.unwrap()
        super().end()
