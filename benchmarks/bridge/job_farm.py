"""The nodes of a large cluster and their agents: pages of jobs, served on 127.1.x.y.

`python -m benchmarks.bridge.job_farm NODES SINCE SOCKET` serves them on a socket that listens
already; job_farm() starts it. Each page is made when it is asked for.
"""

import asyncio
import email.utils
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.exporter.processes import CannotRun

from .busy_cluster import BusyCluster
from .farm import NodeAddresses, loopback_socket

_REQUEST = re.compile(rb"GET /jobs(?:\?after=([0-9]+))? HTTP/1\.1\r\n")
_HEAD = (
    "HTTP/1.1 {status}\r\nDate: {date}\r\n"
    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {length}\r\n\r\n"
)
_END_S = 10


@contextmanager
def job_farm(nodes: int, since_s: float) -> Iterator[NodeAddresses]:
    """Serve the pages of a BusyCluster from a process of its own until the block ends."""
    with loopback_socket() as listening:
        number, port = listening.fileno(), listening.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.bridge.job_farm"]
        process = subprocess.Popen(
            [*command, str(nodes), repr(since_s), str(number)], pass_fds=[number]
        )
    try:
        yield NodeAddresses(nodes, port)
        if process.poll() is not None:
            raise CannotRun("the nodes have ended; see above")
    finally:
        process.terminate()
        process.wait(_END_S)


class _Agent(asyncio.Protocol):
    """A connection to the agent of a node, which is known by the address that was asked."""

    def __init__(self, cluster: BusyCluster, numbers: dict[str, int]) -> None:
        self._cluster = cluster
        self._numbers = numbers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Find out which node is asked."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - that of a stream
        self._transport = transport
        self._node = self._numbers[transport.get_extra_info("sockname")[0]]

    def data_received(self, data: bytes) -> None:
        """Respond; a request on loopback arrives as a whole."""
        match = _REQUEST.match(data)
        status, page = "404 Not Found", ""
        if match is not None:
            status, after = "200 OK", int(match[1] or 0)
            page = self._cluster.page(self._node, after, time.time())
        date = email.utils.formatdate(usegmt=True)
        head = _HEAD.format(status=status, date=date, length=len(page))
        self._transport.write(f"{head}{page}".encode())


async def _serve(nodes: int, since_s: float, number: int) -> None:
    cluster = BusyCluster(nodes, since_s)
    numbers = {one: at for at, one in enumerate(NodeAddresses(nodes, 0).addresses)}
    loop = asyncio.get_running_loop()
    listening = socket.socket(fileno=number)
    server = await loop.create_server(lambda: _Agent(cluster, numbers), sock=listening)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
