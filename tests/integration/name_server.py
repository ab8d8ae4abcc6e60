"""A name server on 127.0.0.1:53 and nodes, for a test in namespaces of its own.

``python name_server.py RESPONDS`` serves pages on port 9888 of all loopback addresses. It drops all
questions until the file RESPONDS exists; from then on each name has the address 127.0.0.1.
"""

import asyncio
import struct
import sys
from pathlib import Path

PAGE = b"load 1\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s"
_IPV4 = 1


class NameServer(asyncio.DatagramProtocol):
    """Drops questions, or answers them."""

    def __init__(self, responds):
        self._responds = responds

    def connection_made(self, transport):
        """Keep the socket."""
        self._transport = transport

    def datagram_received(self, data, address):
        """Answer a question, if it is time."""
        if self._responds.exists():
            self._transport.sendto(answer(data), address)


def answer(question):
    """Return the answer to a question: 127.0.0.1, and no address of IPv6."""
    end = question.index(b"\0", 12) + 5  # after the name, its type and its class
    (kind,) = struct.unpack_from("!H", question, end - 4)
    address = struct.pack("!HHHIH4B", 0xC00C, 1, 1, 60, 4, 127, 0, 0, 1) if kind == _IPV4 else b""
    head = struct.pack(
        "!HHHHHH", *struct.unpack_from("!H", question), 0x8180, 1, bool(address), 0, 0
    )
    return head + question[12:end] + address


async def serve_page(reader, writer):
    """Respond to each request of a connection."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(RESPONSE % (len(PAGE), PAGE))
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main(responds):
    """Serve until the process ends."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: NameServer(responds), ("127.0.0.1", 53))
    server = await asyncio.start_server(serve_page, "127.0.0.1", 9888, backlog=2000)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
