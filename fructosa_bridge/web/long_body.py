"""Responses of several megabytes, which several clients may share."""

import asyncio
import gzip
from dataclasses import dataclass

from aiohttp import web


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


def response(
    request: web.Request, content: LongBody, content_type: str = "application/json; charset=utf-8"
) -> web.Response:
    """Return a response with *content*, compressed if the client accepts that."""
    is_gzipped = "gzip" in request.headers.get("Accept-Encoding", "")
    headers = {
        "Content-Type": content_type,
        "Vary": "Accept-Encoding",
        "Cache-Control": "no-store",
    }
    if is_gzipped:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=content.gzipped if is_gzipped else content.plain, headers=headers)
