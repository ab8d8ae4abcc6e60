"""Responses of several megabytes, to clients that may read slowly."""

import asyncio
import gzip
from dataclasses import dataclass

from aiohttp import web

_CHUNK_BYTES = 2**16
# A client that reads nothing of a long response for so long is disconnected.
_SEND_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class LongBody:
    """The body of a response, plain and compressed by gzip."""

    plain: bytes
    gzipped: bytes

    @classmethod
    async def of(cls, text: str) -> "LongBody":
        """Return the body with a *text*."""
        plain = text.encode()
        # zlib releases the interpreter lock, so a thread does not delay the event loop.
        return cls(plain, await asyncio.to_thread(gzip.compress, plain, 1, mtime=0))


async def send(
    request: web.Request, content: LongBody, content_type: str = "application/json; charset=utf-8"
) -> web.StreamResponse:
    """Send a long response in chunks: slow clients share one body instead of buffering copies."""
    is_gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    body = content.gzipped if is_gzipped else content.plain
    headers = {
        "Content-Type": content_type,
        "Vary": "Accept-Encoding",
        "Cache-Control": "no-store",
    }
    if is_gzipped:
        headers["Content-Encoding"] = "gzip"
    if request.method == "HEAD":
        return web.Response(body=body, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    try:
        for start in range(0, len(body), _CHUNK_BYTES):
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await response.write(body[start : start + _CHUNK_BYTES])
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response
