"""From the chunks of a body to a page: bounded, unpacked, and not something else."""

import re
from typing import Any

from ..model.errors import ScrapeError
from . import gzip

_PACKED = ("gzip", "x-gzip")
# Pages have one; each further one costs a copy of what follows it.
_MOST_MEMBERS = 100
# Unpacked at one time: a chunk of 64 KiB may hold 64 MiB.
_PIECE = 2**18
_LOOKED_AT = 1000
# Names in quotes may stand in braces on a page of metrics too, but no colon follows them.
_JSON = re.compile(rb'\s*(?:\[|\{\s*(?:\}|"(?:[^"\\\n]|\\.)*"\s*:))')
_HTML = re.compile(rb"\s*<")
_WEB_PAGE = "this is a web page (HTML), no metrics"
_JSON_PAGE = "this is JSON, no metrics"
_OTHER = {
    "text/html": _WEB_PAGE,
    "application/xhtml+xml": _WEB_PAGE,
    "application/json": _JSON_PAGE,
    "application/vnd.google.protobuf": "this is Prometheus's binary format, which isn't read here",
}


class ResponseBody:
    """A body that comes in chunks, unpacked as it comes; never more than *page_limit* of it.

    Raises: ScrapeError for a *coding* that nobody asked for.
    """

    def __init__(self, coding: str, page_limit: int) -> None:
        coding = coding.strip().lower()
        if coding not in ("", "identity", *_PACKED):
            raise ScrapeError(f"the page is packed as {coding[:20]!a}, which was not asked for")
        self._unpacker = gzip.unpacker() if coding in _PACKED else None
        self._limit_bytes = page_limit
        self._members = 1
        self._begun = False
        self._first = b""  # mostly all of it, and then it isn't copied
        self._more = bytearray()  # as pieces of two bytes each would take thirty times the room
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Take the next *chunk*.

        Raises: ScrapeError when that is too much, or no gzip.
        """
        if self._unpacker is None:
            self._keep(chunk)
            return
        self._begun = True
        while chunk:
            if self._unpacker.eof:
                self._unpacker = self._next_member()
            self._keep(self._unpacked(self._unpacker, chunk))
            chunk = self._unpacker.unconsumed_tail or self._unpacker.unused_data

    def _next_member(self) -> Any:
        self._members += 1
        if self._members > _MOST_MEMBERS:
            raise ScrapeError(f"the page is packed in more than {_MOST_MEMBERS} parts of gzip")
        return gzip.unpacker()

    def _unpacked(self, unpacker: Any, chunk: bytes) -> bytes:
        try:
            return unpacker.decompress(chunk, _PIECE)  # type: ignore[no-any-return]
        except gzip.Broken as error:
            raise ScrapeError(
                f"the page is no gzip, as its Content-Encoding says, after {self.size} bytes"
            ) from error

    def _keep(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size > self._limit_bytes:
            raise too_long(self._limit_bytes)
        if self._first:
            self._more += piece
        else:
            self._first = piece

    def whole(self) -> bytes:
        """Return all of it, when no more comes.

        Raises: ScrapeError when its end is missing.
        """
        if self._unpacker is not None and self._begun and not self._unpacker.eof:
            raise ScrapeError(f"the page broke off after {self.size} bytes: its gzip has no end")
        return self.so_far()

    def so_far(self) -> bytes:
        """Return what has come."""
        return self._first + self._more if self._more else self._first


def too_long(page_limit: int) -> ScrapeError:
    """Return the error of a page with more bytes than are allowed."""
    return ScrapeError(
        f"the page is longer than {page_limit} bytes; raise page limit if it is right"
    )


def media_type(content_type: str) -> str:
    """Return what a header Content-Type says, without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def unexpected_media(media: str) -> str | None:
    """Return what a page of a *media* type is, if that can't be metrics."""
    return _OTHER.get(media)


def unexpected_content(page: bytes) -> str | None:
    """Return what a *page* is by how it begins, if that can't be metrics."""
    start = page[:_LOOKED_AT]
    if start.startswith(b"\x1f\x8b"):
        return "the page is gzip, and has no Content-Encoding that says so"
    if _HTML.match(start):
        return _WEB_PAGE
    return _JSON_PAGE if _JSON.match(start) else None
