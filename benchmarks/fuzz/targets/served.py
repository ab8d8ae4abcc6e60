"""Requests to lmaster's pages: raw bytes to the real server, on loopback."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from fructosa_bridge.web.pages import serve
from fructosa_service.web.settings import WebSettings
from tests.bridge.fake_status import FakeStatus, down, up

from ..target import FuzzTarget, expect

_TIMEOUT_S = 10.0
# A server that says nothing for so long waits for more of the request.
_PAUSE_S = 0.01
_HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class _Tracebacks(logging.Handler):
    """Notes the errors that are logged: a request must not be able to fill the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.error = record.exc_info[1] if record.exc_info else RuntimeError(record.getMessage())


class _PageServer:
    """lmaster's pages, served by a thread of this process until it ends."""

    def __init__(self) -> None:
        self.log = _Tracebacks()
        logging.getLogger().addHandler(self.log)
        self._is_ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._is_ready.wait()

    async def _serve(self) -> None:
        source = FakeStatus(states=[up("node1"), up("node2"), down("node3")])
        server = await serve(source, WebSettings(), "127.0.0.1", 0)
        self._port = int(server.urls[0].rstrip("/").rpartition(":")[2])
        self._is_ready.set()
        await asyncio.Event().wait()

    def answer(self, data: bytes, timeout_s: float = _TIMEOUT_S) -> bytes:
        """Return what is answered until the server closes the connection, or says no more."""
        with socket.create_connection(("127.0.0.1", self._port), _TIMEOUT_S) as client:
            client.settimeout(timeout_s)
            received = bytearray()
            with suppress(ConnectionError, TimeoutError):
                client.sendall(data)
                while piece := client.recv(2**16):
                    received += piece
            return bytes(received)


_server = cache(_PageServer)


def _read(data: bytes) -> bytes:
    server = _server()
    server.log.error = None
    answer = server.answer(data, _PAUSE_S)
    expect(b"200 OK" in server.answer(_HEALTHY), "the next request is answered")
    if server.log.error is not None:
        raise server.log.error
    return answer


def _promises(data: bytes, result: object) -> None:
    answer = bytes(result) if isinstance(result, bytes) else b""
    status = answer[9:12]
    expect(not answer or answer.startswith(b"HTTP/"), "an answer is HTTP")
    expect(status != b"500", "no request is an internal error")


def _seeds() -> Iterable[bytes]:
    paths = (
        *("/", "/node/node1:9888?minutes=60", "/api/v1/targets?state=down&limit=5", "/metrics"),
        *("/sd?group=compute", "/-/ready", "/destinations", "/api/plot?node=node1&plot=cpu"),
        *("/static/page.css", "/sd/nodes?group=compute", "/api/jobs?user=x", "/slurm"),
    )
    for path in paths:
        yield f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    yield b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nA: \0\r\n\r\n"
    yield b"GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


TARGETS = (
    FuzzTarget(
        name="lmaster-request",
        read=_read,
        promises=_promises,
        seeds=_seeds,
        words=(
            *(b"GET ", b"POST ", b"HEAD ", b" HTTP/1.1\r\n", b"\r\n\r\n", b"Host: localhost\r\n"),
            *(b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n"),
            *(
                b"Sec-Fetch-Site: cross-site\r\n",
                b"Origin: http://x\r\n",
                b"%2e%2e/",
                b"%00",
                b"\0",
            ),
            *(
                b"Authorization: Basic YTpi\r\n",
                b"?minutes=",
                b"&limit=",
                b"/node/",
                b"/api/",
                b"[::1]",
            ),
            *(b"Content-Encoding: gzip\r\n", b"Range: bytes=0-\r\n", b"If-Modified-Since: x\r\n"),
        ),
    ),
)
