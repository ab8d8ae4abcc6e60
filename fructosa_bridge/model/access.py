"""How a page is asked for: its place on the node, TLS, and who lmaster says it is."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import Kind

if TYPE_CHECKING:
    from pathlib import Path

METRICS = "/metrics"
# What a request line may hold (RFC 3986), but for the fragment, which is never sent.
_PAGE = re.compile(r"/(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*")
_LONGEST_PAGE = 2000


@dataclass(frozen=True, kw_only=True)
class Access:
    """The way to the pages of a section: what is looked at, and what is shown."""

    tls: bool = False
    ca: "Path | None" = None
    certificate: "Path | None" = None
    key: "Path | None" = None
    server_name: str | None = None
    user: str | None = None
    password_file: "Path | None" = None
    token_file: "Path | None" = None
    compression: bool = False


def _parse_page(text: str) -> str:
    if len(text) > _LONGEST_PAGE or _PAGE.fullmatch(text) is None:
        raise ValueError("is no path of a page; write it from the slash, e.g. /metrics")
    return text


PAGE = Kind(name="path of a page", example=METRICS, parse=_parse_page)


def _parse_user(text: str) -> str:
    if not text or ":" in text or not text.isprintable():
        raise ValueError("is no user; write a name without colons, e.g. lmaster")
    return text


USER = Kind(name="user", example="lmaster", parse=_parse_user)
