"""How a page is requested: path, TLS, credentials."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fructosa_service.config.kinds import Kind

if TYPE_CHECKING:
    from pathlib import Path

METRICS_PATH = "/metrics"
JOBS_PATH = "/jobs"  # of lagent; lmaster with [jobs] asks for it by itself
# What RFC 3986 allows in a request, without the fragment, which is never sent.
_PATH = re.compile(r"/(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*+")
_LONGEST_PATH = 2000


@dataclass(frozen=True, kw_only=True)
class Access:
    """TLS and credentials for the pages of a section."""

    tls: bool = False
    ca: "Path | None" = None
    certificate: "Path | None" = None
    key: "Path | None" = None
    server_name: str | None = None
    user: str | None = None
    password_file: "Path | None" = None
    token_file: "Path | None" = None
    compression: bool = False


def _parse_path(text: str) -> str:
    if len(text) > _LONGEST_PATH or _PATH.fullmatch(text) is None:
        raise ValueError("is not a valid URL path; start with a slash, e.g. /metrics")
    return text


URL_PATH = Kind(name="URL path", example=METRICS_PATH, parse=_parse_path)


def _parse_user(text: str) -> str:
    if not text or ":" in text or not text.isprintable():
        raise ValueError("is not a valid user name; write a name without colons, e.g. lmaster")
    return text


USER = Kind(name="user", example="lmaster", parse=_parse_user)
