"""The base URL of an HTTP server, as given on the command line."""

import re
from urllib.parse import urlsplit

from fructosa_service.errors import UsageError, shown

_VISIBLE_ASCII = re.compile(r"[!-~]+")


def base_url(text: str, option: str) -> str:
    """Return a URL without a trailing slash; *option* names it in messages.

    A URL that might contain a password is rejected, and not shown in the message: such a URL would
    end up in files and messages that others read.

    Raises: UsageError if the text is not a valid base URL.
    """
    if "@" in text:
        raise UsageError(
            f"{option}: the URL has an '@'; write it without a user name and a password"
        )
    before_query = re.split(r"[?#]", text, maxsplit=1)[0]
    if not _is_http_url(text):
        raise UsageError(
            f"{option} {shown(before_query)} is not a valid URL; write e.g. http://localhost:3000"
        )
    if before_query != text:
        raise UsageError(
            f"{option} {shown(before_query)} has a query or a fragment; leave out what follows '?' "
            "or '#'"
        )
    return text.rstrip("/")


def _is_http_url(text: str) -> bool:
    """Return whether a text is a valid http or https URL."""
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_http = parts.scheme in {"http", "https"} and _VISIBLE_ASCII.fullmatch(text) is not None
    return is_http and has_host and "\\" not in text
