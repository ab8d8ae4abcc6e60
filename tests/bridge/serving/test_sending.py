"""Bodies that are sent to clients which may read slowly."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from fructosa_bridge.serving import sending
from fructosa_bridge.serving.sending import CUT_OFF, PART_BYTES, Sending
from fructosa_bridge.web.server import WebServer
from fructosa_service.config.kinds import Endpoint
from fructosa_service.web.settings import WebSettings

# More than the system's socket buffers hold.
LARGE = bytes(2**23)
SMALL = b"small"


class Lab:
    """A server of a large and a small page, and clients that read only when they are told to."""

    def __init__(self):
        self.application = web.Application()
        self.application.add_routes([web.get("/{size}", self.page)])
        self.server = WebServer(self.application, WebSettings())

    async def page(self, request):
        return web.Response(body=LARGE if request.match_info["size"] == "large" else SMALL)

    async def __aenter__(self):
        await self.server.start([Endpoint("127.0.0.1", 0)])
        self.port = int(self.server.urls[0].rstrip("/").rpartition(":")[2])
        self.writers = []
        return self

    async def __aexit__(self, *_):
        for writer in self.writers:
            writer.close()
        await self.server.close()

    async def ask(self, path="large", method="GET"):
        """Ask for a page, read the head of the answer, and return the reader for its body."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(writer)
        writer.write(f"{method} /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        self.head = await reader.readuntil(b"\r\n\r\n")
        return reader


@pytest.fixture(autouse=True)
async def deadline():
    """Let a test fail whose connection is neither closed nor served, instead of hanging."""
    async with asyncio.timeout(30):
        yield


async def rest(reader):
    """Return what a client still receives until the end of the connection."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(2**20):
            received += part
    return received


@pytest.mark.parametrize(("path", "content"), [("large", LARGE), ("small", SMALL)])
async def test_a_body_is_sent_with_its_length(path, content):
    """To HEAD only the length."""
    async with Lab() as lab:
        assert content == await rest(await lab.ask(path))
        assert b"Content-Length: %d\r\n" % len(content) in lab.head
        assert b"" == await rest(await lab.ask(path, "HEAD"))
        assert b"Content-Length: %d\r\n" % len(content) in lab.head


async def test_a_client_that_does_not_read_is_disconnected(monkeypatch):
    """It would hold the body for ever."""
    monkeypatch.setattr(sending, "_SEND_TIMEOUT_S", 0.05)

    async with Lab() as lab:
        reader = await lab.ask()
        while lab.server._runner.server.connections:
            await asyncio.sleep(0)

        assert len(await rest(reader)) < len(LARGE)


async def test_the_oldest_body_is_cut_off_when_all_take_too_much(monkeypatch, caplog):
    """However many clients read slowly, the memory is bounded."""
    monkeypatch.setattr(sending, "_LIMIT_BYTES", 0)

    async with Lab() as lab:
        first = await lab.ask()
        second = await lab.ask()
        lengths = [len(await rest(one)) for one in (first, second)]

    assert lengths[0] < lengths[1] == len(LARGE)
    assert CUT_OFF % (0, "127.0.0.1") in caplog.messages


class Waiting:
    """A body with a content that waits to be read."""

    def __init__(self, content):
        self.content = content
        self.request = self
        self.remote = "192.0.2.1"
        self.is_cut = False

    def abort(self):
        """Note that it was cut off."""
        self.is_cut = True


def test_a_body_that_several_clients_read_counts_once():
    """It is in memory once."""
    made, body = Sending(2 * PART_BYTES), bytes(PART_BYTES)
    waiting = [*(Waiting(body) for _ in range(5)), *(Waiting(bytes(PART_BYTES)) for _ in range(1))]
    for one in waiting:
        made.begin(one)
    assert not any(one.is_cut for one in waiting)

    made.begin(Waiting(bytes(bytearray(PART_BYTES))))

    assert [True] * 5 + [False] == [one.is_cut for one in waiting]
