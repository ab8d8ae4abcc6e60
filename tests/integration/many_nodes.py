"""Any number of nodes in a process of its own: each loopback address on one port serves a page.

``python many_nodes.py FILE`` serves what is in FILE, and says on which port.
"""

import asyncio
import socket
import sys
from pathlib import Path


class Node(asyncio.Protocol):
    """Answers each request with the page."""

    answer = b""

    def connection_made(self, transport):
        """Take a connection."""
        self.transport = transport

    def data_received(self, data):
        """Answer; requests come whole, and one at a time."""
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(self.answer)


async def serve(page):
    """Serve *page* until the process is ended."""
    Node.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(page), page)
    )
    own = socket.socket()
    # All addresses of the loopback device, and no other.
    own.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    own.bind(("", 0))
    server = await asyncio.get_running_loop().create_server(Node, sock=own, backlog=4096)
    sys.stdout.write(f"port {own.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_bytes()))
