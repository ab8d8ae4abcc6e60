"""Parses HTTP requests, in time linear to their size. Strict: ambiguous requests are rejected.

Source: RFC 9112 (HTTP/1.1) and RFC 9110 (its semantics). A line may end with a bare LF, as section
2.2 of RFC 9112 allows: no request has a body, so nothing can hide behind it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

HEAD_LIMIT_BYTES = 8192
_FIELD_LIMIT = 100

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}"  # noqa: S105 - as RFC 9110 calls it
# Possessive quantifiers: no character is looked at twice, however the request goes on.
_REQUEST_LINE = re.compile(
    rf"(?P<method>{_TOKEN}+) (?P<target>[!-~]++) HTTP/(?P<version>[0-9]\.[0-9])"
)
_HEADER = re.compile(rf"(?P<name>{_TOKEN}+):[ \t]*+(?P<value>[\t -~\x80-\xff]*+)")
_END = re.compile(rb"\r?\n\r?\n")
# Clients may send one empty line before a request.
_EMPTY_LINE = re.compile(rb"\r?\n")
# RFC 9110, section 7.2, and 3.2.2 of RFC 3986: an address in brackets, or a name, and a port.
_HOST = re.compile(r"(?:\[[0-9A-Za-z:.%_~-]++\]|[0-9A-Za-z._~!$&'()*+,;=%-]*+)(?::[0-9]*+)?")
_LENGTH = re.compile("[0-9]+")


class BadRequest(Exception):
    """A request that is rejected with this *status*; the connection is closed after it."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


@dataclass(frozen=True)
class Request:
    """A request; names of *headers* are in lower case, repeated headers are joined."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_last: bool = False


def head_end(received: bytes | bytearray, start: int = 0) -> int | None:
    """Return where the headers of the first request in *received* end; None if incomplete.

    *start* is how many bytes were searched before.

    Raises: BadRequest if the headers are too long.
    """
    empty = _EMPTY_LINE.match(received)
    end = _END.search(received, max(empty.end() if empty else 0, start - 3))
    if (end.end() if end else len(received)) > HEAD_LIMIT_BYTES:
        raise BadRequest(431, f"the request has more than {HEAD_LIMIT_BYTES} bytes of headers")
    return end.end() if end else None


def parse(head: bytes) -> Request:
    """Return the request with this *head*: request line and headers.

    Raises: BadRequest for an invalid request, or one with a body.
    """
    # A scraper sends the same head each time. One with a password must not stay in memory.
    is_secret = b"authorization" in head.lower()
    return _parse(head) if is_secret else _parse_cached(head)


def _parse(head: bytes) -> Request:
    text = head.decode("latin-1").replace("\r\n", "\n").removeprefix("\n")
    first, *lines = text.rstrip("\n").split("\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise BadRequest(400, "the first line is not an HTTP request")
    if not match["version"].startswith("1."):
        raise BadRequest(505, f"HTTP/{match['version']} is not supported; use HTTP/1.1")
    headers = _headers(lines)
    _check_host(headers.get("host"), is_required=match["version"] != "1.0")
    _reject_body(headers)
    path, query = _path_and_query(match["target"])
    options = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    is_last = "close" in options or match["version"] == "1.0"
    return Request(match["method"], path, query, headers, is_last)


_parse_cached = lru_cache(maxsize=16)(_parse)


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > _FIELD_LIMIT:
        raise BadRequest(431, f"the request has more than {_FIELD_LIMIT} headers")
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadRequest(400, "a header is not of the form 'name: value'")
        name, value = match["name"].lower(), match["value"].strip(" \t")
        if name == "host" and name in headers:
            raise BadRequest(400, "the header Host is repeated; send it once")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _check_host(host: str | None, *, is_required: bool) -> None:
    if host is None and is_required:
        raise BadRequest(400, "the header Host is missing; HTTP/1.1 requires it")
    if host is not None and not _HOST.fullmatch(host):
        raise BadRequest(400, "the header Host is not a host with or without a port")


def _reject_body(headers: Mapping[str, str]) -> None:
    length = headers.get("content-length", "0")
    if not _LENGTH.fullmatch(length):
        raise BadRequest(400, "the header Content-Length is not a number")
    if "transfer-encoding" in headers or length.strip("0"):
        raise BadRequest(413, "requests with a body are not supported")


def _path_and_query(target: str) -> tuple[str, dict[str, list[str]]]:
    try:
        url = urlsplit(target)
        query = parse_qs(url.query, keep_blank_values=True, max_num_fields=_FIELD_LIMIT)
    except ValueError:
        raise BadRequest(400, "invalid URL; the metrics are at /metrics") from None
    return url.path, query
