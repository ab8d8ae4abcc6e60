"""HTTP answers of nodes, as lmaster reads them."""

import gzip
from collections.abc import Iterable
from zlib import crc32

from fructosa_bridge.model.errors import ScrapeError
from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.response import ScrapeResponse, clock_off_s
from fructosa_bridge.scrape.scrape_errors import error_status

from ..target import FuzzTarget, expect, repeated

_LIMIT = 2**20
_TARGET = Target(group="all", host="n1", port=9888, graphite_path="n1", page_limit=_LIMIT)
_CHUNK = 2**16
# An input that begins so has a body that is compressed before it is read: nobody mutates a gzip
# stream into a valid one.
_COMPRESS = b"!"
_HEAD = b"HTTP/1.1 200 OK\r\n"


def _sent(data: bytes) -> bytes:
    """Return what the node sends."""
    if not data.startswith(_COMPRESS):
        return data
    head, _, body = data[len(_COMPRESS) :].partition(b"\r\n\r\n")
    return head + b"\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(body, mtime=0)


def _received(sent: bytes, sizes: Iterable[int]) -> ScrapeResponse:
    response, at = ScrapeResponse(_TARGET), 0
    for size in sizes:
        if at >= len(sent) or response.is_over:
            break
        response.feed(memoryview(sent)[at : at + size])
        at += size
    if not response.is_over:
        response.end()
    response.close()
    return response


def _page(response: ScrapeResponse) -> bytes:
    """Return the page, as lmaster's client does."""
    clock_off_s(response.date, 1.7e9, 1.7e9 + 1)
    if not response.is_over:
        raise ScrapeError("the connection was closed before the end")
    if response.status not in (0, 200):
        text = error_status(response.status, response.location, response.excerpt(), _TARGET)
        raise ScrapeError(text)
    expect(response.warning is None or response.warning.isprintable(), "warnings are printable")
    return response.page()


def _read(data: bytes) -> bytes:
    sent = _sent(data)
    return _page(_received(sent, [_CHUNK] * (len(sent) // _CHUNK + 1)))


def _promises(data: bytes, result: object) -> None:
    if isinstance(result, bytes):
        expect(len(result) <= _LIMIT, "a page is within page limit")
    else:
        expect(len(str(result)) < 1000, "a message is short")
        expect(str(result).isprintable(), "a message is printable")
    sent = _sent(data)
    sizes = [1 + (crc32(data) >> bit) % 61 for bit in range(16)]
    for pieces in (sizes * (len(sent) // 16 + 1), [1] * len(sent)):
        try:
            again: object = _page(_received(sent, pieces))
        except ScrapeError:
            again = None
        is_same = again == (result if isinstance(result, bytes) else None)
        expect(is_same, "an answer is read alike in whatever pieces it comes")


def _seeds() -> Iterable[bytes]:
    page = b"# HELP a b\na 1\n"
    yield _HEAD + b"Content-Length: 15\r\nContent-Type: text/plain\r\n\r\n" + page
    yield (
        _HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n5\r\na 1\nb\r\n3;x=y\r\n 2\n\r\n0\r\nT: x\r\n\r\n"
    )
    yield _HEAD + b"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: close\r\n\r\n" + page
    yield _COMPRESS + _HEAD + b"Connection: close\r\n\r\n" + page
    yield b"HTTP/1.1 100 Continue\r\n\r\n" + _HEAD + b"Content-Length: 4\r\n\r\na 1\n"
    yield b"HTTP/1.0 302 Found\r\nLocation: http://x/\r\nContent-Length: 2\r\n\r\nno"
    yield b"HTTP/1.1 200 OK\nContent-Type: application/json\n X: folded\n\n{}"
    yield b"HTTP/1.1 500 Oops\r\nContent-Type: text/plain\r\n\r\nbroken\x1b[31m"


_lines = repeated(lambda n: f"node_load{n} {n}.5\n")

TARGETS = (
    FuzzTarget(
        name="http-answer",
        read=_read,
        errors=(ScrapeError,),
        promises=_promises,
        seeds=_seeds,
        words=(
            *(b"\r\n", b"\n ", b"\r\n\r\n", b"HTTP/1.1 ", b"Content-Length: ", b"chunked", b"\x15"),
            *(
                b"Transfer-Encoding: chunked\r\n",
                b"Content-Encoding: gzip\r\n",
                b"Upgrade: h2c\r\n",
            ),
            *(
                b"Content-Type: text/html\r\n",
                b"0\r\n\r\n",
                b"ffffffff\r\n",
                b"\x1f\x8b",
                b"Date: ",
            ),
        ),
        honest=lambda size: _HEAD + b"Connection: close\r\n\r\n" + _lines(size),
        most_memory=250,  # of a head, which has at most 64 KiB
    ),
)
