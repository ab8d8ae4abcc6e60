"""A node for tests: a server on loopback that sends what the test wants."""

import asyncio
import contextlib
import socket
import struct

GOOD_PAGE = b"# TYPE load gauge\nload 0.5\n"
_TIMEOUT_S = 20


def http_response(
    page=GOOD_PAGE, status="200 OK", content_type="text/plain; version=0.0.4", **headers
):
    """Return the bytes of a response; it has the right Content-Length unless another is given."""
    values = {"content_type": content_type, "content_length": len(page), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in values.items() if value != ""]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + page


class Node:
    """Replies to each request with *reply*: bytes, or a function of reader and writer."""

    def __init__(self):
        self.reply = http_response()
        self.requests = []
        self.connections = 0
        self._arrival, self._disconnected = asyncio.Event(), asyncio.Event()
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
                self._arrival.set()
                if callable(self.reply):
                    await self.reply(reader, writer)
                else:
                    writer.write(self.reply)
                    await writer.drain()
        self._disconnected.set()
        if not writer.is_closing():  # Python 3.11.2 can't abort a TLS connection that closed twice
            writer.close()

    async def next_request(self):
        """Wait for a request that arrives after this call."""
        self._arrival.clear()
        await asyncio.wait_for(self._arrival.wait(), _TIMEOUT_S)

    async def disconnected(self):
        """Wait until a connection has been closed."""
        await asyncio.wait_for(self._disconnected.wait(), _TIMEOUT_S)

    def header(self, name):
        """Return a header of the last request, None if it has none."""
        for line in self.requests[-1].splitlines()[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name.lower():
                return value
        return None

    async def stop(self):
        """Stop listening and close all connections."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()


def send_and_close(content):
    """Return a reply that sends *content* and closes the connection."""

    async def reply(reader, writer):
        writer.write(content)
        await writer.drain()
        writer.close()
        raise asyncio.CancelledError

    return reply


def send_and_reset(content=b""):
    """Return a reply that sends *content* and resets the connection (RST)."""

    async def reply(reader, writer):
        writer.write(content)
        await writer.drain()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise asyncio.CancelledError

    return reply


def send_and_hang(content=b""):
    """Return a reply that sends *content* and nothing more until the client disconnects."""

    async def reply(reader, writer):
        writer.write(content)
        await writer.drain()
        await reader.read()
        raise asyncio.CancelledError

    return reply


def send_forever(head, piece):
    """Return a reply that sends *head*, and then *piece* again and again."""

    async def reply(reader, writer):
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return reply
