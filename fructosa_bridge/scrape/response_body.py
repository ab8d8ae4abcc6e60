"""The body of a response: limited, decompressed, and checked for being a page of metrics."""

import importlib
import re
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..model.errors import ScrapeError

UNEXPECTED_ENCODING = "the page has the unexpected encoding {coding!a}"
PAGE_TOO_LONG = "the page is longer than {limit} bytes; if that is expected, raise page limit"
IS_HTML = "the response is a web page (HTML), not metrics"
IS_JSON = "the response is JSON, not metrics"
IS_GZIP = "the page is gzip, but has no Content-Encoding"

_GZIP = ("gzip", "x-gzip")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # with the header and the checksum of gzip
# Pages have one member; each further one costs a copy of what follows it.
_MOST_MEMBERS = 100
# Decompressed at a time: a chunk of 64 KiB may contain 64 MiB.
_PIECE_BYTES = 2**18
# So many pieces of a chunk are decompressed when it arrives: most pages have no more.
_PIECES_AT_ONCE = 1
# A wrong page is recognised by its first bytes.
_EXAMINED_BYTES = 1000
# A page of metrics may have names in quotes within braces, too, but then no colon follows them.
_JSON = re.compile(rb'\s*+(?:\[|\{\s*+(?:\}|"(?:[^"\\\n]++|\\.)*+"\s*+:))')
_HTML = re.compile(rb"\s*<")
# A comment or a sample; only where its media type says that a page is something else.
_METRICS = re.compile(
    rb'\s*+(?:#|[a-zA-Z_:][a-zA-Z0-9_:]*+(?:[ \t]*\{[^\n]*\})?[ \t]+[-+.0-9NnIi]|\{[ \t]*")'
)
_UNEXPECTED = {
    "text/html": IS_HTML,
    "application/xhtml+xml": IS_HTML,
    "application/json": IS_JSON,
    "application/vnd.google.protobuf": "the response is in Prometheus's protobuf format, which is "
    "not supported",
}


def _gzip_library() -> Any:
    """Return Intel's ISA-L, which is twice as fast as zlib; zlib if it is not available."""
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib


_gzip = _gzip_library()


class ResponseBody:
    """A body that arrives in chunks and is decompressed at once; at most *page_limit* bytes.

    Raises: ScrapeError for an unexpected *coding*.
    """

    def __init__(self, coding: str, page_limit: int) -> None:
        coding = coding.strip().lower()
        if coding not in ("", "identity", *_GZIP):
            raise ScrapeError(UNEXPECTED_ENCODING.format(coding=coding[:20]))
        self._decompressor: Any = _decompressor() if coding in _GZIP else None
        self._page_limit = page_limit
        self._members = 1
        self._has_begun = False
        self._compressed: deque[bytes] = deque()  # not decompressed yet
        self._compressed_size = 0
        self._first = b""  # mostly the whole body, which then is not copied
        self._more = bytearray()  # a list of pieces of two bytes would take thirty times the memory
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Add the next *chunk*.

        Raises: ScrapeError if the body gets too long, or is not valid gzip.
        """
        if self._decompressor is None:
            self._append(chunk)
            return
        self._has_begun = True
        self._compressed_size += len(chunk)
        if self._compressed_size > self._page_limit:
            raise page_too_long(self._page_limit)
        self._compressed.append(chunk)
        for _ in islice(self.pieces(), _PIECES_AT_ONCE):
            pass

    @property
    def is_long(self) -> bool:
        """Whether it takes a while to decompress and decode it."""
        return self.size > _PIECE_BYTES or bool(self._compressed)

    def pieces(self) -> Iterator[None]:
        """Decompress what has arrived, in pieces that take a millisecond each.

        Raises: ScrapeError as *add* does.
        """
        while self._compressed:
            decompressor = self._decompressor
            if decompressor.eof:
                decompressor = self._decompressor = self._next_member()
            self._append(self._decompress(decompressor, self._compressed.popleft()))
            if rest := decompressor.unconsumed_tail or decompressor.unused_data:
                self._compressed.appendleft(rest)
            yield

    def _next_member(self) -> Any:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise ScrapeError(f"the page has more than {_MOST_MEMBERS} gzip members")
        return _decompressor()

    def _decompress(self, decompressor: Any, chunk: bytes) -> bytes:
        try:
            return decompressor.decompress(chunk, _PIECE_BYTES)  # type: ignore[no-any-return]
        except _gzip.error as error:
            raise ScrapeError(
                f"the page is not valid gzip after {self.size} bytes, though its Content-Encoding "
                "is gzip"
            ) from error

    def _append(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._page_limit:
            raise page_too_long(self._page_limit)
        if self._first:
            self._more += piece
        else:
            self._first = piece

    @property
    def has_end(self) -> bool:
        """Whether the body says by itself where it ends."""
        return self._decompressor is not None and self._has_begun

    def complete(self) -> bytes:
        """Return the whole body, when it has ended.

        Raises: ScrapeError if the gzip stream is incomplete, or as *add* does.
        """
        deque(self.pieces(), maxlen=0)
        if self._decompressor is not None and self._has_begun and not self._decompressor.eof:
            raise ScrapeError(
                f"the page is incomplete: its gzip stream ended after {self.size} bytes"
            )
        return self.received()

    def received(self) -> bytes:
        """Return what was received so far."""
        return self._first + self._more if self._more else self._first


def _decompressor() -> Any:
    """Return an object that decompresses one member, like zlib's decompressobj."""
    return _gzip.decompressobj(_GZIP_WINDOW)


def page_too_long(page_limit: int) -> ScrapeError:
    """Return the error of a page with more than *page_limit* bytes."""
    return ScrapeError(PAGE_TOO_LONG.format(limit=page_limit))


def media_type(content_type: str) -> str:
    """Return the media type in a header Content-Type, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def is_misnamed(media: str) -> bool:
    """Return whether a page with this *media* type should not be metrics."""
    return media in _UNEXPECTED


def unexpected_content(page: bytes, media: str) -> str | None:
    """Return an error for a *page* that cannot be metrics by its first bytes.

    Its *media* type is believed only if these may be anything: it is often wrong.
    """
    start = page[:_EXAMINED_BYTES]
    if start.startswith(b"\x1f\x8b"):
        return IS_GZIP
    if _HTML.match(start):
        return IS_HTML
    if _JSON.match(start):
        return IS_JSON
    return None if _METRICS.match(start) else _UNEXPECTED.get(media)
