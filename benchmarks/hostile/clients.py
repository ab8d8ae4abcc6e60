"""`python -m benchmarks.hostile.clients LMASTER LAGENT`: hostile clients of two loopback ports.

They run until the standard input ends.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from .answering import FOREVER_S

_SLOW, _IDLE = 50, 200  # connections
_PAUSE_S = 0.1  # before a connection that was closed is opened again
_BETWEEN_S = 0.02  # between the starts of two clients
_SMALL_BUFFER = 2304  # bytes: the kernel has no smaller one
_HOST = b"Host: localhost\r\n"
_BLANKS = b"GET / HTTP/1.1\r\nA:" + b" " * 8100 + b"\0\r\n\r\n"
_MALFORMED = (
    b"GET / HTTP/1.1\r\nA: \0\r\n\r\n",
    b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    b"GET http://[ HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nzz\r\n",
    b"GET /node/%00%ff HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nAuthorization: Basic /\xff\r\nHost: \x1b[31m\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00" + b"\xff" * 500,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
    b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
)

Client = Callable[[int], Awaitable[None]]


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[socket.socket]:
    """Connect to a loopback port, with a small buffer for what is received."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
        yield client


async def slow_reader(port: int) -> None:
    """Ask for pages, and read a byte a second of them."""
    loop = asyncio.get_running_loop()
    async with connected(port) as client:
        await loop.sock_sendall(client, (b"GET /metrics HTTP/1.1\r\n" + _HOST + b"\r\n") * 4)
        while await loop.sock_recv(client, 1):
            await asyncio.sleep(1)


async def slow_sender(port: int) -> None:
    """Send the body of a request, a byte a second."""
    loop = asyncio.get_running_loop()
    async with connected(port) as client:
        request = b"POST /-/reload HTTP/1.1\r\n%bContent-Length: 100000\r\n\r\n" % _HOST
        await loop.sock_sendall(client, request)
        while True:
            await loop.sock_sendall(client, b"x")
            await asyncio.sleep(1)


async def idle(port: int) -> None:
    """Send nothing."""
    async with connected(port) as client:
        await asyncio.get_running_loop().sock_recv(client, 1)


async def malformed(port: int) -> None:
    """Send what is no request, twenty times a second."""
    for request in _MALFORMED:
        await _once(port, request)
        await asyncio.sleep(0.05)


async def blanks(port: int) -> None:
    """Send a header of blanks: 29 KiB in a second, with what *malformed* sends."""
    await _once(port, _BLANKS)
    await asyncio.sleep(0.27)


async def _once(port: int, request: bytes) -> None:
    loop = asyncio.get_running_loop()
    async with connected(port) as client:
        await loop.sock_sendall(client, request)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await loop.sock_recv(client, 100)


async def _again(client: Client, port: int, after_s: float) -> None:
    """Run a client for ever, *after_s* from now on."""
    await asyncio.sleep(after_s)
    while True:
        with suppress(OSError):
            async with asyncio.timeout(FOREVER_S):
                await client(port)
        await asyncio.sleep(_PAUSE_S)


async def _run(ports: list[int]) -> None:
    counts = {slow_reader: _SLOW, slow_sender: _SLOW, idle: _IDLE, malformed: 1, blanks: 1}
    clients = [
        (client, port) for port in ports for client, count in counts.items() for _ in range(count)
    ]
    tasks = [
        asyncio.create_task(_again(*one, number * _BETWEEN_S)) for number, one in enumerate(clients)
    ]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(_run([int(port) for port in sys.argv[1:]]))
