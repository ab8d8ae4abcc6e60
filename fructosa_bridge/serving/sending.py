"""Sends bodies to clients that may read slowly: in parts, in time, and within a bound of memory.

A request counts while its page is made, not while it is read: aiohttp sends a body after the
middleware and the handler are done.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from fructosa_service.web.log_limit import LogLimit

log = logging.getLogger(__name__)
log.addFilter(LogLimit())

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CUT_OFF = (
    "responses that are read slowly take more than %d bytes, so the oldest of them was cut off; "
    "its client is %s"
)
PART_BYTES = 2**16
# Bodies larger than a part may take so much memory until they are read, all together.
_LIMIT_BYTES = 2**26
# A client that does not read a part in this time is disconnected.
_SEND_TIMEOUT_S = 30.0


class Sending:
    """Middleware that bounds what waits for clients to read it."""

    def __init__(self, limit_bytes: int | None = None) -> None:
        self._limit_bytes = _LIMIT_BYTES if limit_bytes is None else limit_bytes
        self._waiting: dict[_Body, None] = {}  # in the order in which they began

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Handle a request; its body is sent afterwards."""
        response = await handler(request)
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            response.body = _Body(response.body, request, self)
        return response

    def begin(self, body: "_Body") -> None:
        """Note that a *body* is being sent; if all take too much, the oldest are cut off."""
        self._waiting[body] = None
        while len(self._waiting) > 1 and self._held_bytes() > self._limit_bytes:
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            log.warning(CUT_OFF, self._limit_bytes, oldest.request.remote or "a local user")
            oldest.abort()

    def end(self, body: "_Body") -> None:
        """Note that a *body* was sent, or is not to be."""
        self._waiting.pop(body, None)

    def _held_bytes(self) -> int:
        """Return the size of all bodies; several clients may be sent the same."""
        return sum({id(one.content): len(one.content) for one in self._waiting}.values())


class _Body(Payload):
    """The body of a response to a *request*."""

    def __init__(self, content: bytes, request: web.Request, sending: Sending) -> None:
        super().__init__(content)
        self._size = len(content)
        self.content = content
        self.request = request
        self._sending = sending

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Send it as fast as the client reads it."""
        if len(self.content) <= PART_BYTES:
            await self._write_part(writer, self.content)
            return
        self._sending.begin(self)
        try:
            for start in range(0, len(self.content), PART_BYTES):
                await self._write_part(writer, self.content[start : start + PART_BYTES])
        finally:
            self._sending.end(self)

    async def _write_part(self, writer: AbstractStreamWriter, part: bytes) -> None:
        try:
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await writer.write(part)
                await writer.drain()
        except TimeoutError:
            self.abort()
            raise ConnectionResetError("the client does not read") from None

    def abort(self) -> None:
        """Close the connection."""
        if self.request.transport is not None:
            self.request.transport.abort()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the content as text."""
        return self.content.decode(encoding, errors)
