"""A node of a test: a server on loopback that answers as it is told, and nothing else."""

import asyncio
import contextlib
import socket
import struct

GOOD = b"# TYPE load gauge\nload 0.5\n"


def answer(body=GOOD, status="200 OK", kind="text/plain; version=0.0.4", **headers):
    """Return an answer's bytes, with the right length unless another is given."""
    lines = {"content_type": kind, "content_length": len(body), **headers}
    named = [f"{name.replace('_', '-')}: {value}" for name, value in lines.items() if value != ""]
    return "\r\n".join([f"HTTP/1.1 {status}", *named, "", ""]).encode() + body


class Node:
    """Answers each request by *says*, a function of reader and writer or the bytes to send."""

    def __init__(self):
        self.requests = []
        self.connections = 0
        self.gone = asyncio.Event()
        self.says = answer()
        self._writers = []
        self._tasks = set()

    async def start(self, tls=None):
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.append(writer)
        self._tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(head)
                if callable(self.says):
                    await self.says(reader, writer)
                else:
                    writer.write(self.says)
                    await writer.drain()
        self.gone.set()
        writer.close()

    def header(self, name):
        """Return a header of the last request, None if it has none."""
        for line in self.requests[-1].splitlines()[1:]:
            found, _, value = line.partition(": ")
            if found.lower() == name.lower():
                return value
        return None

    async def stop(self):
        """Listen no more, and hold no connection."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()


def then_close(content):
    """Say *content*, and close."""

    async def say(reader, writer):
        writer.write(content)
        await writer.drain()
        writer.close()
        raise asyncio.CancelledError

    return say


def then_reset(content=b""):
    """Say *content*, and break the connection off without a good-bye."""

    async def say(reader, writer):
        writer.write(content)
        await writer.drain()
        linger_not_at_all(writer)
        writer.transport.abort()
        raise asyncio.CancelledError

    return say


def linger_not_at_all(writer):
    """Make closing a connection a reset (RST)."""
    own = writer.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def then_hang(content=b""):
    """Say *content*, and nothing more until the client goes away."""

    async def say(reader, writer):
        writer.write(content)
        await writer.drain()
        await reader.read()
        raise asyncio.CancelledError

    return say


def for_ever(head, piece):
    """Say *head*, and then *piece* without an end."""

    async def say(reader, writer):
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return say
