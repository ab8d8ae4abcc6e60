"""From the bytes that a node sends to its response: status, headers, and a limited body."""

from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache

import httptools

from ..model.errors import ScrapeError
from ..model.target import Target
from . import scrape_errors
from .response_body import (
    ResponseBody,
    is_misnamed,
    media_type,
    page_too_long,
    unexpected_content,
)
from .response_head import HEAD_END, HTTP, mended_head
from .target_state import CLOCK_TOLERANCE_S

WRONG_PAGE = "{problem}; check port, and path = {path}"
MISNAMED_PAGE = (
    "the page has metrics, but its Content-Type is {media}; let the exporter send text/plain; "
    "version=0.0.4"
)
TINY_CHUNKS = (
    "the page comes in chunks of a few bytes; let the exporter, or the proxy before it, send "
    "larger ones"
)
PAGE_CUT = (
    "the page may be cut: it has no length, and its last line does not end in a line feed; let the "
    "exporter send a Content-Length, or end its page in a line feed"
)

# So many bytes may arrive without a byte of the page: a head, or what is between chunks.
_LONGEST_HEAD_BYTES = 2**16
# Of a page in more parts than these, each must have so many bytes on average.
_MANY_PARTS = 2**17
_LEAST_BYTES = 16
# The first words of an error response say why.
_EXCERPT_BYTES = 200
_TLS_ALERT = b"\x15"
# A header Date has no fractions of a second.
_DATE_RESOLUTION_S = 1


class ScrapeResponse:
    """The response of a *target* while it is received.

    *status* is 0 until the head is complete. *has_begun* is set by the first byte, *is_complete* by
    the last. *closes* means that the connection cannot be used again, *error* that the response is
    not usable. The on_… methods are called by the parser.
    """

    def __init__(self, target: Target) -> None:
        self.status = 0
        self._headers: dict[bytes, bytes] = {}
        self.error: ScrapeError | None = None
        self.has_begun = self.is_complete = self.closes = False
        self._target = target
        self._idle_bytes = 0  # since the last byte of the page
        self._parts = self._received = 0  # chunks of the page, and their bytes
        self._body: ResponseBody | None = None
        self._head = bytearray()  # as far as it was received, until it is complete
        self._searched = 0  # no end of the head begins before
        self._is_odd = self._ends_with_connection = False
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    @property
    def is_over(self) -> bool:
        """Whether no more bytes are wanted."""
        return self.is_complete or self.error is not None

    @property
    def size(self) -> int | None:
        """How many bytes of the page were received; None before the head is complete."""
        return None if self._body is None else self._body.size

    def feed(self, data: memoryview) -> None:
        """Parse the next bytes."""
        if self._parser is None or self.is_over:
            self.closes = True  # these bytes are unexpected
            return
        # The limit holds however the head is split.
        room = len(data) if self.status else _LONGEST_HEAD_BYTES - self._idle_bytes
        self._idle_bytes += len(data[:room])
        self._parse(self._parser, data[:room])
        if self._idle_bytes >= _LONGEST_HEAD_BYTES and not self.is_over:
            endless = scrape_errors.INVALID_HTTP.format(size=self.size)
            self._fail(endless if self.status else scrape_errors.LONG_HEAD)
        elif room < len(data):
            self.feed(data[room:])

    def _parse(self, parser: httptools.HttpResponseParser, data: memoryview) -> None:
        is_first, self.has_begun = not self.has_begun, True
        try:
            if not self._is_odd:
                parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if is_first and data[:1] == _TLS_ALERT:
                self._fail(scrape_errors.SPEAKS_TLS)
            elif self.status:
                self._fail(scrape_errors.INVALID_HTTP.format(size=self.size))
            else:
                self._is_odd = True
        if self.status == 0 and not self.is_over:
            self._head += data
            if self._is_odd:
                self._parse_odd_head()

    def _parse_odd_head(self) -> None:
        """Parse a head that the parser refuses, when all of it is there: mended, if it can be."""
        if not self._head.startswith(HTTP[: len(self._head)]):
            self._fail(scrape_errors.NOT_HTTP)
        end = HEAD_END.search(self._head, self._searched)
        self._searched = max(0, len(self._head) - 3)
        if end is None or self.is_over:
            return
        self._is_odd, self.closes = False, True
        self._headers.clear()
        self._parser = httptools.HttpResponseParser(self)
        try:
            head = mended_head(bytes(self._head[: end.start()]))
            self._parser.feed_data(head + self._head[end.end() :])
        except ScrapeError as error:
            self._fail(error)
        except httptools.HttpParserUpgrade:
            self._fail(scrape_errors.invalid_head("it switches to another protocol"))
        except httptools.HttpParserError as error:
            size = self.size
            self._fail(
                scrape_errors.invalid_head(error)
                if size is None
                else scrape_errors.INVALID_HTTP.format(size=size)
            )

    def end(self) -> None:
        """Handle the end of the connection, which may be the end of the body."""
        has_length = self._header(b"content-length") or self._header(b"transfer-encoding")
        self.closes = self._ends_with_connection = True
        self.is_complete = self.is_complete or (self._body is not None and not has_length)

    def close(self) -> None:
        """Parse no more. Parser and response refer to each other, and would stay in memory."""
        self._parser = None

    def _fail(self, error: str | ScrapeError) -> None:
        if not self.is_over:
            self.error = error if isinstance(error, ScrapeError) else ScrapeError(error)
        self.closes = True

    def on_message_begin(self) -> None:
        """Note a second response, which is unexpected."""
        self.closes = self.closes or self.is_complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those after the body are ignored."""
        if self.status == 0:
            name = name.lower()
            before = self._headers.get(name)
            self._headers[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        """Start the body."""
        if self.status or self._parser is None:
            return
        status = self._parser.get_status_code()
        if status < 200:  # the final response is still to come
            self._headers.clear()
            return
        self.status, self._idle_bytes = status, 0
        try:
            self._body = self._new_body()
        except ScrapeError as error:
            if status == 200:
                self._fail(error)

    def _new_body(self) -> ResponseBody:
        page_limit, length = self._target.page_limit, self._header(b"content-length")
        body = ResponseBody(self._header(b"content-encoding"), page_limit)
        if self.status == 200 and length.isdecimal() and int(length) > page_limit:
            raise page_too_long(page_limit)
        return body

    def _unexpected(self, problem: str) -> ScrapeError:
        return ScrapeError(WRONG_PAGE.format(problem=problem, path=self._target.path))

    def on_body(self, data: bytes) -> None:
        """Add a part of the body."""
        if self._body is None or self.is_over:
            return
        self._idle_bytes = 0
        self._parts += 1
        self._received += len(data)
        if self._parts > _MANY_PARTS and self._received < _LEAST_BYTES * self._parts:
            self._fail(TINY_CHUNKS)
            return
        try:
            self._body.add(data)
        except ScrapeError as error:
            self._fail(error)
        if self.status != 200 and self._body.size >= _EXCERPT_BYTES:
            self.is_complete = self.closes = True

    def on_message_complete(self) -> None:
        """Handle the end of the body."""
        if self.status and not self.is_over:
            self.is_complete = True
            keeps_alive = self._parser is not None and self._parser.should_keep_alive()
            self.closes = self.closes or not keeps_alive

    @property
    def media(self) -> str:
        """The media type of the page."""
        return media_type(self._header(b"content-type"))

    @property
    def date(self) -> str:
        """When the node sent it, by the node's clock."""
        return self._header(b"date")

    @property
    def location(self) -> str:
        """Where a redirect leads."""
        return self._header(b"location")

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    @property
    def is_long(self) -> bool:
        """Whether it takes a while to read the page."""
        return self._body is not None and self._body.is_long

    def pieces(self) -> Iterator[None]:
        """Decompress the page in pieces, which *page* else does at once.

        Raises: ScrapeError.
        """
        if self.error is None and self._body is not None:
            yield from self._body.pieces()

    def page(self) -> bytes:
        """Return the page.

        Raises: ScrapeError if the response is not a page of metrics.
        """
        if self.error is not None:
            raise self.error
        if self._body is None:
            return b""
        page = self._body.complete()
        if problem := unexpected_content(page, self.media):
            raise self._unexpected(problem)
        if self._ends_with_connection and not self._body.has_end:
            _check_end(page)
        return page

    @property
    def warning(self) -> str | None:
        """What is wrong with a page that is usable."""
        return MISNAMED_PAGE.format(media=self.media) if is_misnamed(self.media) else None

    def excerpt(self) -> str:
        """Return the beginning of the text of an error response, as far as it was received."""
        if self._body is None or self.media not in ("text/plain", ""):
            return ""
        return self._body.received()[:_EXCERPT_BYTES].decode("utf-8", "replace").strip()


def _check_end(page: bytes) -> None:
    """Refuse a page without a length that may have been cut within a number."""
    if page and not page.endswith((b"\n", b"\n# EOF")):
        raise ScrapeError(PAGE_CUT)


def clock_off_s(date: str, sent_s: float, received_s: float) -> float | None:
    """Return how far a node's clock is ahead of this machine's, None unless it is certainly off.

    *date* is the header of its response to a request; the request was sent and the response was
    received at these times. The difference is known to a second and the time between them; it
    counts if it is certainly more than CLOCK_TOLERANCE_S.
    """
    node_s = _http_time(date)
    if node_s is None:
        return None
    least_s, most_s = node_s - received_s, node_s + _DATE_RESOLUTION_S - sent_s
    if least_s > CLOCK_TOLERANCE_S or most_s < -CLOCK_TOLERANCE_S:
        return (least_s + most_s) / 2
    return None


@lru_cache(maxsize=64)  # nodes whose clocks are right have the same date within a second
def _http_time(date: str) -> float | None:
    try:
        found = parsedate_to_datetime(date)
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
