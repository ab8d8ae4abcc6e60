"""How a hostile node answers: with a head and a body, or whatever else."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

TEXT = "text/plain; version=0.0.4"
FOREVER_S = 3600.0
MIB = 2**20


@dataclass
class Exchange:
    """The *number* of a request to a node, and where the answer is written."""

    number: int
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send some bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def page(self, body: bytes, *headers: str, media: str = TEXT) -> None:
        """Send a page with its length."""
        lines = [f"Content-Type: {media}", f"Content-Length: {len(body)}", *headers]
        await self.send(head(*lines) + body)

    async def lines(self, *lines: str) -> None:
        """Send a page of these lines."""
        await self.page("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))

    async def bomb(self, body: bytes) -> None:
        """Send a page compressed, though nobody has asked for that."""
        packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        await self.page(packer.compress(body) + packer.flush(), "Content-Encoding: gzip")

    async def slowly(self, data: bytes, pause_s: float = 0.2) -> None:
        """Send one byte after the other."""
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(pause_s)

    async def endlessly(self, data: bytes) -> None:
        """Send the same bytes for ever."""
        while True:
            await self.send(data)

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.writer.transport.abort()


Answer = Callable[[Exchange], Awaitable[None]]


def head(*lines: str, status: str = "200 OK") -> bytes:
    """Return the head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Return a chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


async def every(pause_s: float) -> AsyncIterator[None]:
    """Yield for ever, with a pause between."""
    while True:
        yield
        await asyncio.sleep(pause_s)
