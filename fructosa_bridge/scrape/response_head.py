"""Heads of responses that the parser of HTTP refuses, and Prometheus does not."""

import re

from ..model.errors import ScrapeError
from . import scrape_errors

HTTP = b"HTTP/1."
"""What a response begins with."""
HEAD_END = re.compile(rb"\r?\n\r?\n")
"""The end of a head; its lines may have no carriage return."""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] [0-9]{3}(?: .*)?", re.DOTALL)
_FIELD_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(rb"[\x00-\x08\n-\x1f\x7f]")


def mended_head(head: bytes) -> bytes:
    """Return the *head* of a response as Go's client understands it; Prometheus is written in Go.

    The blank line is missing in *head*, and there in what is returned. Lines may end without a
    carriage return, or be folded; a length may be repeated, and does not count beside chunks. After
    such a head the connection must be closed, as nobody knows what else comes on it.

    Raises: ScrapeError if it cannot be understood.
    """
    status, *lines = re.sub(rb"\r?\n[ \t]+", b" ", head).replace(b"\r\n", b"\n").split(b"\n")
    if _STATUS_LINE.fullmatch(status) is None:
        raise ScrapeError(scrape_errors.invalid_head(f"its first line is {status[:40]!r}"))
    fields = [
        (name.strip(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)
    ]
    kept = [
        (name, _NO_VALUE.sub(b" ", value)) for name, value in fields if _FIELD_NAME.fullmatch(name)
    ]
    lengths = {value for name, value in kept if name.lower() == b"content-length"}
    has_chunks = any(name.lower() == b"transfer-encoding" for name, _ in kept)
    if len(lengths) > 1 and not has_chunks:
        each = " and ".join(sorted(value[:20].decode("latin-1") for value in lengths))
        raise ScrapeError(scrape_errors.invalid_head(f"it has several lengths, {each}"))
    others = [b"%b: %b" % field for field in kept if field[0].lower() != b"content-length"]
    length = [] if has_chunks else [b"Content-Length: %b" % value for value in lengths]
    return b"\r\n".join([status, *others, *length, b"", b""])
