"""Many nodes in one process: all loopback addresses serve the same page on one port.

``python many_nodes.py FILE`` serves the content of FILE and prints the port.
"""

import asyncio
import socket
import sys
from pathlib import Path


class Node(asyncio.Protocol):
    """Responds to each request with the page."""

    response = b""

    def connection_made(self, transport):
        """Remember the transport of the connection."""
        self.transport = transport

    def data_received(self, data):
        """Respond. Requests come one at a time, each in one piece."""
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(self.response)


async def serve(page):
    """Serve *page* until the process is killed."""
    Node.response = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (len(page), page)
    )
    listener = socket.socket()
    # All addresses of the loopback device, and only those.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    listener.bind(("", 0))
    server = await asyncio.get_running_loop().create_server(Node, sock=listener, backlog=4096)
    sys.stdout.write(f"port {listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_bytes()))
