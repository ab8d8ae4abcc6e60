"""The edge to a node: one connection, on which one page at a time is asked for.

A client of its own, since a fetch by aiohttp costs twice as much: `make bench-fetching`.
"""

import asyncio
import ssl
from typing import cast

from .response import ScrapeResponse

# All connections read into one buffer: what is in it is taken at once. A buffer of its own for
# each would be fresh memory at each page, which costs more than the page.
_BUFFER = memoryview(bytearray(2**18))


class ConnectionClosed(Exception):
    """The connection ended before the answer did; *error* is why, if the system says so."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__("the connection ended")
        self.error = error


class NodeConnection(asyncio.BufferedProtocol):
    """A connection; `ask` it when it is made."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._reply: ScrapeResponse | None = None
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast(asyncio.Transport, transport)  # that of a stream, as asked for
        self.is_open = True

    async def ask(self, request: bytes, reply: ScrapeResponse) -> None:
        """Send a *request* and wait until its *reply* is over.

        Raises: Closed when the connection ended first.
        """
        is_kept = False
        try:
            if self._transport is None or not self.is_open:
                raise ConnectionClosed(None)
            self._reply = reply
            self._answered = asyncio.get_running_loop().create_future()
            self._transport.write(request)
            await self._answered
            is_kept = reply.is_whole and not reply.is_last
        finally:
            self._reply = self._answered = None
            reply.close()
            if not is_kept:  # also when who asks is cancelled, be the reply whole by then
                self.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what was read."""
        if self._reply is None:
            self.close()  # nobody asked for anything
            return
        self._reply.feed(_BUFFER[:nbytes])
        self._look()

    def eof_received(self) -> None:
        """Note that the node sends no more; the connection is closed then."""
        self.is_open = False
        if self._reply is not None and not self._is_cut_off():
            self._reply.end()
            self._look()

    def _is_cut_off(self) -> bool:
        """Tell whether TLS ended without a good-bye, as anybody on the way can bring about.

        asyncio calls both an end; what is read behind a good-bye is nothing, and no error.
        """
        tls = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        try:
            return tls is not None and tls.read(1) != b""
        except ssl.SSLError:
            return True

    def connection_lost(self, error: Exception | None) -> None:
        """Wake who waits for an answer."""
        self.is_open = False
        self._transport = None  # that of TLS holds this connection, too
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionClosed(error))

    def _look(self) -> None:
        is_over = self._reply is not None and self._reply.is_over
        if is_over and self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def close(self) -> None:
        """End the connection at once, whatever is on its way."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()
