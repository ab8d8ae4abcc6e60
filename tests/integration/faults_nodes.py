"""Nodes for the tests of faults: any number of loopback addresses, one port, one thread.

Each page contains the number of pages that the node has served before. So every value is unique,
and what was served can be compared with what is stored. Three addresses misbehave.
"""

import asyncio
import socket
import threading
import time
from collections import defaultdict

PARTS = 10
HANGS, GIGABYTE, GARBAGE = (f"127.2.255.{number}" for number in (1, 2, 3))
_LO = b"lo"


class Nodes:
    """Serves 127.2.0.1 and following. *times* has the time of each page, by path and address.

    *parts* has the number of series on a page, by path.
    """

    def __init__(self):
        self.times = defaultdict(list)
        self.parts = defaultdict(lambda: PARTS)
        self._odd = {HANGS: hangs, GIGABYTE: gigabyte, GARBAGE: garbage}
        self._socket = socket.socket()
        # All addresses of the loopback device, and only those.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _LO)
        self._socket.bind(("", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(),))
        self._is_ready = threading.Event()

    def __enter__(self):
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    async def _run(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, sock=self._socket, backlog=2000)
        self._is_ready.set()
        await self._end.wait()
        server.close()

    async def _serve(self, reader, writer):
        address = writer.get_extra_info("sockname")[0]
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                path = request.split()[1].decode()
                await self._odd.get(address, self._tick)(writer, (path, address))
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):  # the connection was closed
            pass
        finally:
            writer.close()

    async def _tick(self, writer, key):
        """Respond with the number of this page."""
        number = len(self.times[key])
        self.times[key].append(time.time())
        parts = range(self.parts[key[0]])
        respond(writer, "".join(f'ticks{{part="{part}"}} {number}\n' for part in parts).encode())


def respond(writer, body, size=None):
    """Write a response; its Content-Length, *size*, may differ from the size of *body*."""
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
        b"Content-Length: %d\r\n\r\n" % (len(body) if size is None else size)
    )
    writer.write(body)


async def hangs(_writer, _key):
    """Read the request and never respond."""


async def gigabyte(writer, _key):
    """Serve a gigabyte, as fast as the client reads it."""
    respond(writer, b"", 2**30)
    for _ in range(2**10):
        writer.write(b"x 1\n" * 2**18)
        await writer.drain()


async def garbage(writer, _key):
    """Serve a mebibyte in which every byte occurs, without a metric."""
    respond(writer, bytes(range(256)) * 2**12)
