"""`python -m benchmarks.hostile.nodes KIND…`: hostile nodes, each of its kind, on 127.3.0.1 and on.

They run in a process of their own, until its standard input ends: what they cost is not lmaster's.
"""

import asyncio
import sys
from collections import Counter
from contextlib import suppress

from benchmarks.bridge.farm import loopback_socket

from .answering import Answer, Exchange
from .bad_answers import BAD_ANSWERS
from .bad_pages import BAD_PAGES

KINDS: dict[str, Answer] = {kind.__name__: kind for kind in (*BAD_PAGES, *BAD_ANSWERS)}


def address(number: int) -> str:
    """Return the address of a node, whose *number* begins at 0."""
    return f"127.3.0.{number + 1}"


class HostileNodes:
    """The nodes of some kinds."""

    def __init__(self, kinds: list[str]) -> None:
        self._answers = {address(number): KINDS[kind] for number, kind in enumerate(kinds)}
        self._requests: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        node = writer.get_extra_info("sockname")[0]
        with suppress(asyncio.IncompleteReadError, OSError):  # it was closed
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self._requests[node] += 1
                await self._answers[node](Exchange(self._requests[node], writer))
        writer.transport.abort()


async def _run(kinds: list[str]) -> None:
    nodes = HostileNodes(kinds)
    listener = loopback_socket()
    server = await asyncio.start_server(nodes.serve, sock=listener, backlog=2000)
    print(listener.getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1:]))
