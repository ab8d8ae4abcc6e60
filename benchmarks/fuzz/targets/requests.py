"""Requests that lagent reads."""

import logging
from collections.abc import Iterable
from zlib import crc32

from fructosa_exporter.web.connection import ConnectionState, ServerConnection
from fructosa_exporter.web.request import Request
from fructosa_exporter.web.response import Response, text_response
from fructosa_exporter.web.scrape_request import (
    InvalidNumber,
    UnknownSensor,
    accepts_gzip,
    negotiated_format,
    page_timeout_s,
    select_sensors,
    sequence_number,
)
from fructosa_service.web.users import credentials

from ..target import FuzzTarget, expect, repeated

_SENSORS = {"CPUPercent": 1, "LoadAverage": 2}
_CHUNK = 2**14


class _MemoryStream:
    """A stream that receives some pieces and takes whatever is sent."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.wants = 1
        self.sent = b""
        self._pieces = [*pieces, b""]

    def fileno(self) -> int:
        return -1

    def is_open(self) -> bool:
        return True

    def receive(self) -> bytes | None:
        return self._pieces.pop(0) if self._pieces else None

    def send(self, data: memoryview) -> int:
        self.sent += data
        return len(data)

    def end(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Errors(logging.Handler):
    """Notes whether a handler of a request has failed."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.error = record.exc_info[1] if record.exc_info else None


_errors = _Errors()
_log = logging.getLogger("fructosa_exporter.web.connection")
_log.addHandler(_errors)
_log.propagate = False


def _handle(request: Request, connection: ServerConnection) -> None:
    connection.respond(_response(request))


def _response(request: Request) -> Response:
    """Return what the request asks for, in words."""
    try:
        sensors = select_sensors(_SENSORS, request.query)
        after = sequence_number(request.query)
    except (UnknownSensor, InvalidNumber) as error:
        return text_response(400, str(error))
    headers = request.headers
    timeout_s = page_timeout_s(headers.get("x-prometheus-scrape-timeout-seconds"))
    expect(0 < timeout_s < 1e6, "a page has a time to be made in")
    credentials(headers.get("authorization", ""))
    wanted = negotiated_format(headers.get("accept", ""))
    is_gzip = accepts_gzip(headers.get("accept-encoding", ""))
    return text_response(200, f"{request.path} {sensors} {after} {wanted} {is_gzip}")


def _sent(pieces: list[bytes]) -> bytes:
    stream = _MemoryStream(pieces)
    _errors.error = None
    connection = ServerConnection(stream, _handle, lambda _: None, lambda: 0.0, lambda: "today")
    while connection.state is not ConnectionState.CLOSED:
        connection.ready()
    if _errors.error is not None:
        raise _errors.error
    return stream.sent


def _pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        if at < len(data):
            pieces.append(data[at : at + size])
        at += size
    return pieces


def _read(data: bytes) -> bytes:
    return _sent(_pieces(data, [_CHUNK] * (len(data) // _CHUNK + 1)))


def _promises(data: bytes, result: object) -> None:
    sizes = [1 + (crc32(data) >> bit) % 61 for bit in range(16)] * (len(data) // 16 + 1)
    for each in (sizes, [1] * len(data)):
        expect(_sent(_pieces(data, each)) == result, "requests are read alike in whatever pieces")


def _seeds() -> Iterable[bytes]:
    prometheus = (
        b"Host: n1:9888\r\nUser-Agent: Prometheus/2\r\nAccept: application/openmetrics-text;"
        b"version=1.0.0;q=0.5,text/plain;q=0.2\r\nAccept-Encoding: gzip\r\n"
        b"Authorization: Basic YTpi\r\n"
        b"X-Prometheus-Scrape-Timeout-Seconds: 10\r\n"
    )
    yield b"GET /metrics?collect[]=CPUPercent HTTP/1.1\r\n" + prometheus + b"\r\n"
    yield b"GET /jobs?after=7 HTTP/1.1\r\nHost: n\r\n\r\nGET / HTTP/1.1\r\nHost: [::1]\r\n\r\n"
    yield b"\r\nHEAD http://n/metrics?exclude%5b%5d=x HTTP/1.0\nHost: n\n\n"
    yield b"POST / HTTP/1.1\r\nHost: n\r\nContent-Length: 3\r\n\r\nabc"
    yield b"GET / HTTP/1.1\r\nA:" + b" " * 60 + b"\0\r\n\r\n"


_requests = repeated(lambda n: f"GET /?{n} HTTP/1.1\r\nHost: n1\r\nAccept: text/plain\r\n\r\n")

TARGETS = (
    FuzzTarget(
        name="lagent-request",
        read=_read,
        promises=_promises,
        seeds=_seeds,
        words=(
            *(
                b"\r\n",
                b"\n\n",
                b"\r\n\r\n",
                b" HTTP/1.1\r\n",
                b"Host: ",
                b"Host: n\r\nHost: m\r\n",
            ),
            *(b"Transfer-Encoding: chunked", b"Content-Length: 0", b"Connection: close", b"q=0.5"),
            *(
                b"?after=",
                b"collect[]=",
                b"%00",
                b"\0",
                b"\t \t",
                b"GET / HTTP/1.1\r\n",
                b"HTTP/2.0",
            ),
        ),
        honest=_requests,
    ),
)
