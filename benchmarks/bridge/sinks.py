"""Receivers that count what the scrapers send and drop it; they run in threads."""

import asyncio
import pickle
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
# The end of the path of a target's `up`: the metric and the group of nodes.
_UP = ".up.bench"


@dataclass
class Received:
    """What a sink has received so far."""

    port: int = 0
    points: int = 0
    scrapes: int = 0
    targets: set[str] = field(default_factory=set)
    requests: int = 0
    closed: threading.Event = field(default_factory=threading.Event)


@contextmanager
def carbon_sink() -> Iterator[Received]:
    """Run a carbon pickle receiver, which only counts, until the block ends."""
    received = Received()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = struct.unpack("!L", await reader.readexactly(4))
                _count(received, await reader.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            received.closed.set()

    with _server(handle, received):
        yield received


def _count(received: Received, frame: bytes) -> None:
    points = pickle.loads(frame)  # noqa: S301 - sent by our own child process
    ups = [path for path, _ in points if path.endswith(_UP)]
    received.points += len(points)
    received.scrapes += len(ups)
    received.targets.update(ups)


@contextmanager
def remote_write_sink() -> Iterator[Received]:
    """Run a server that responds 204 to each POST until the block ends."""
    received = Received()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                lines = (line.partition(":") for line in head.split("\r\n"))
                size = next((int(v) for key, _, v in lines if key == "content-length"), 0)
                await reader.readexactly(size)
                received.requests += 1
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    with _server(handle, received):
        yield received


@contextmanager
def _server(handle: _Handle, received: Received) -> Iterator[None]:
    """Run a server with its own event loop in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=2**22)
        received.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
