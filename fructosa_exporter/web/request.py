"""Bytes into requests. Strict: what could mean two things is refused.

Source: RFC 9112 (HTTP/1.1) and RFC 9110 (its semantics).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

HEAD_LIMIT_BYTES = 8192
_FIELD_LIMIT = 100

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}"  # noqa: S105 - as RFC 9110 calls it
_REQUEST_LINE = re.compile(rf"(?P<method>{_TOKEN}) (?P<target>[!-~]+) HTTP/(?P<version>\d\.\d)")
_HEADER = re.compile(rf"(?P<name>{_TOKEN}):[ \t]*(?P<value>[\t -~\x80-\xff]*)")
_END = re.compile(rb"\r?\n\r?\n")


class BadRequest(Exception):
    """A request that can't be answered; the connection ends with this *status* and reason."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


@dataclass(frozen=True)
class Request:
    """What a client asks for; names of *headers* are in lower case, repeated ones joined."""

    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    is_last: bool = False


def head_end(received: bytes | bytearray, start: int = 0) -> int | None:
    """Return where the head of the first request in *received* ends; None while it's not whole.

    *start* is how much of it was looked at before.

    Raises: BadRequest when the head is too long.
    """
    found = _END.search(received, max(0, start - 3))
    if (found.end() if found else len(received)) > HEAD_LIMIT_BYTES:
        raise BadRequest(431, f"the request has more than {HEAD_LIMIT_BYTES} bytes of headers")
    return found.end() if found else None


def parse(head: bytes) -> Request:
    """Return the request whose *head* this is.

    Raises: BadRequest for what is no request, or has a body: nothing here takes one.
    """
    # A scraper sends the same head each time. One with a password is not kept in memory.
    is_secret = b"authorization" in head.lower()
    return _parsed(head) if is_secret else _remembered(head)


def _parsed(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise BadRequest(400, "the first line is no HTTP request")
    if not match["version"].startswith("1."):
        raise BadRequest(505, f"HTTP/{match['version']} is not spoken here; HTTP/1.1 is")
    headers = _headers(lines)
    _refuse_body(headers)
    path, query = _address(match["target"])
    options = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    is_last = "close" in options or match["version"] == "1.0"
    return Request(match["method"], path, query, headers, is_last)


_remembered = lru_cache(maxsize=16)(_parsed)


def _headers(lines: list[str]) -> dict[str, str]:
    if len(lines) > _FIELD_LIMIT:
        raise BadRequest(431, f"the request has more than {_FIELD_LIMIT} headers")
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadRequest(400, "a header is no 'name: value'")
        name, value = match["name"].lower(), match["value"].strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _refuse_body(headers: Mapping[str, str]) -> None:
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise BadRequest(413, "a request has no body here")


def _address(target: str) -> tuple[str, dict[str, list[str]]]:
    try:
        url = urlsplit(target)
        query = parse_qs(url.query, keep_blank_values=True, max_num_fields=_FIELD_LIMIT)
    except ValueError:
        raise BadRequest(400, "the address is no URL; the metrics are at /metrics") from None
    return url.path, query
