"""The edge to a node: a connection that carries one request at a time.

lmaster has an HTTP client of its own, as a request by aiohttp costs twice as much:
`make bench-fetching`.
"""

import asyncio
import ssl
from typing import cast

from .response import ScrapeResponse

# All connections read into one buffer, which is parsed at once. A buffer for each of them would be
# fresh memory for each page, which costs more than the page.
_BUFFER = memoryview(bytearray(2**18))


class ConnectionClosed(Exception):
    """The connection ended before the response; *error* is the reason, if the system gave one."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__("the connection ended")
        self.error = error


class NodeConnection(asyncio.BufferedProtocol):
    """A connection to a node."""

    def __init__(self) -> None:
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._response: ScrapeResponse | None = None
        self._is_over: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the new connection."""
        self._transport = cast(asyncio.Transport, transport)  # of a stream, as requested
        self.is_open = True

    async def request(self, request: bytes, response: ScrapeResponse) -> None:
        """Send a *request* and wait until its *response* is over.

        Raises: ConnectionClosed if the connection ended first.
        """
        is_reusable = False
        try:
            if self._transport is None or not self.is_open:
                raise ConnectionClosed(None)
            self._response = response
            self._is_over = asyncio.get_running_loop().create_future()
            self._transport.write(request)
            await self._is_over
            is_reusable = response.is_complete and not response.closes
        finally:
            self._response = self._is_over = None
            response.close()
            if not is_reusable:  # also if the caller was cancelled after the response was complete
                self.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where asyncio reads to."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what asyncio has read."""
        if self._response is None:
            self.close()  # these bytes are unexpected
            return
        self._response.feed(_BUFFER[:nbytes])
        self._wake()

    def eof_received(self) -> None:
        """Handle the end of the node's side; asyncio closes ours then."""
        self.is_open = False
        if self._response is not None and not self._is_truncated():
            self._response.end()
            self._wake()

    def _is_truncated(self) -> bool:
        """Return whether TLS ended without a close_notify, which anybody on the path can cause.

        asyncio calls both an end; after a close_notify, reading returns nothing and no error.
        """
        tls = None if self._transport is None else self._transport.get_extra_info("ssl_object")
        try:
            return tls is not None and tls.read(1) != b""
        except ssl.SSLError:
            return True

    def connection_lost(self, error: Exception | None) -> None:
        """Wake the request, if there is one."""
        self.is_open = False
        self._transport = None  # a TLS transport refers to this object
        if self._is_over is not None and not self._is_over.done():
            self._is_over.set_exception(ConnectionClosed(error))

    def _wake(self) -> None:
        is_over = self._response is not None and self._response.is_over
        if is_over and self._is_over is not None and not self._is_over.done():
            self._is_over.set_result(None)

    def close(self) -> None:
        """Close the connection at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()
