"""HTTP responses, and their encoding."""

import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

# Level 1 takes a third of the time of the default 6, for pages that are a fifth larger.
_GZIP_LEVEL = 1
# A window of 16 KiB and its tables fit into the CPU cache. The default takes 268 KiB and twice the
# time, and pages do not get smaller. Adding 16 makes zlib write a gzip header.
_GZIP_WINDOW = 14 + 16
_GZIP_MEMORY = 6

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Response:
    """A response: status, body and headers."""

    status: int
    body: bytes
    content_type: str = PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)


def text_response(status: int, text: str, **headers: str) -> Response:
    """Return a line of *text* as a response; underscores in names of *headers* become dashes."""
    dashed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, f"{text}\n".encode(), PLAIN, dashed)


def encode(response: Response, *, date: str, is_last: bool, has_body: bool = True) -> bytes:
    """Return the bytes of *response* to send; *has_body* is false for HEAD."""
    status = HTTPStatus(response.status)
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Server: lagent",
        f"Date: {date}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
        *(["Connection: close"] if is_last else []),
    ]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head + response.body if has_body else head


def compressed(body: bytes) -> bytes:
    """Return *body* compressed with gzip."""
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW, _GZIP_MEMORY)
    return compressor.compress(body) + compressor.flush()


def http_date(now_s: float) -> str:
    """Return a time, in seconds since the epoch, in HTTP's format, whatever the locale."""
    at = time.gmtime(now_s)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year} "
        f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
    )
