"""From the bytes that a node sends to its answer: status, headers, and a bounded body."""

import httptools

from ..model.errors import ScrapeError
from ..model.target import Target
from . import scrape_errors
from .response_body import ResponseBody, media_type, too_long, unexpected_content, unexpected_media

# So much may come that brings nothing of the page: a head, or what stands between its parts.
_LONGEST_HEAD_BYTES = 2**16
# A refusal says why in its first words.
_EXCERPT_BYTES = 200
_TLS_ALERT = b"\x15"


class ScrapeResponse:
    """The answer of one *target*, as it comes.

    *status* is 0 until there is a head; *is_begun* tells whether anything came, *is_whole* that
    nothing is missing, *is_last* that its connection can't be used any more, *fault* why no page
    will be made of it.
    """

    def __init__(self, target: Target) -> None:
        self.status = 0
        self._headers: dict[bytes, bytes] = {}
        self.fault: ScrapeError | None = None
        self.is_begun = self.is_whole = self.is_last = False
        self._target = target
        self._idle_bytes = 0  # since the last that brought something
        self._body: ResponseBody | None = None
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is wanted."""
        return self.is_whole or self.fault is not None

    @property
    def size(self) -> int | None:
        """How many bytes of the page have come; None before its head."""
        return None if self._body is None else self._body.size

    def feed(self, data: memoryview) -> None:
        """Take the next bytes."""
        if self._parser is None or self.is_over:
            self.is_last = True  # nobody asked for them
            return
        # However it is cut, a head is as long as it is.
        room = len(data) if self.status else _LONGEST_HEAD_BYTES - self._idle_bytes
        self._idle_bytes += len(data[:room])
        self._parse(self._parser, data[:room])
        if self._idle_bytes >= _LONGEST_HEAD_BYTES and not self.is_over:
            no_http = scrape_errors.not_http(self.size, speaks_tls=False)
            self._refuse(no_http if self.status else scrape_errors.LONG_HEAD)
        elif room < len(data):
            self.feed(data[room:])

    def _parse(self, parser: httptools.HttpResponseParser, data: memoryview) -> None:
        is_first, self.is_begun = not self.is_begun, True
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            speaks_tls = is_first and data[:1] == _TLS_ALERT
            self._refuse(scrape_errors.not_http(self.size, speaks_tls=speaks_tls))

    def end(self) -> None:
        """Note that the node closed the connection, which may be how the answer ends."""
        is_bounded = self._header(b"content-length") or self._header(b"transfer-encoding")
        self.is_last = True
        self.is_whole = self.is_whole or (self._body is not None and not is_bounded)

    def close(self) -> None:
        """Take no more. Parser and reply hold each other: both would stay for long."""
        self._parser = None

    def _refuse(self, why: str | ScrapeError) -> None:
        if not self.is_over:
            self.fault = why if isinstance(why, ScrapeError) else ScrapeError(why)
        self.is_last = True

    def on_message_begin(self) -> None:
        """Note whether it is another answer, which nobody asked for."""
        self.is_last = self.is_last or self.is_whole

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, as the parser finds it; none that follows the page."""
        if self.status == 0:
            name = name.lower()
            before = self._headers.get(name)
            self._headers[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        """Begin the body."""
        if self.status or self._parser is None:
            return
        status = self._parser.get_status_code()
        if status < 200:  # the answer itself is still to come
            self._headers.clear()
            return
        self.status, self._idle_bytes = status, 0
        try:
            self._body = self._begun_body()
        except ScrapeError as error:
            if status == 200:
                self._refuse(error)

    def _begun_body(self) -> ResponseBody:
        page_limit, length = self._target.page_limit, self._header(b"content-length")
        body = ResponseBody(self._header(b"content-encoding"), page_limit)
        if self.status == 200 and (what := unexpected_media(self.media)):
            raise self._strange(what)
        if self.status == 200 and length.isdecimal() and int(length) > page_limit:
            raise too_long(page_limit)
        return body

    def _strange(self, what: str) -> ScrapeError:
        return ScrapeError(f"{what}; check port, and path, now {self._target.path}")

    def on_body(self, data: bytes) -> None:
        """Take a part of the body."""
        if self._body is None or self.is_over:
            return
        self._idle_bytes = 0
        try:
            self._body.add(data)
        except ScrapeError as error:
            self._refuse(error)
        if self.status != 200 and self._body.size >= _EXCERPT_BYTES:
            self.is_whole = self.is_last = True

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self.status and not self.is_over:
            self.is_whole = True
            keeps = self._parser is not None and self._parser.should_keep_alive()
            self.is_last = self.is_last or not keeps

    @property
    def media(self) -> str:
        """The type of its page, without parameters."""
        return media_type(self._header(b"content-type"))

    @property
    def location(self) -> str:
        """Where it says that the page is."""
        return self._header(b"location")

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")

    def page(self) -> bytes:
        """Return the page.

        Raises: ScrapeError when it is none.
        """
        if self.fault is not None:
            raise self.fault
        page = b"" if self._body is None else self._body.whole()
        if what := unexpected_content(page):
            raise self._strange(what)
        return page

    def excerpt(self) -> str:
        """Return how the text of a refusal begins, as far as it came."""
        if self._body is None or self.media not in ("text/plain", ""):
            return ""
        return self._body.so_far()[:_EXCERPT_BYTES].decode("utf-8", "replace").strip()
