"""The address of a program that is asked over HTTP, as a person gives it."""

import re
from urllib.parse import SplitResult, urlsplit

from fructosa_service.errors import UsageError, shown

_VISIBLE = re.compile(r"[!-~]+")


def address(text: str, option: str) -> str:
    """Return a URL without the slash at its end; *option* is what a message calls it.

    Whatever might be a password is refused without being told: such a URL would get into files
    and messages that others read.

    Raises: UsageError when it is no address.
    """
    if "@" in text:
        raise UsageError(
            f"{option} has an '@': names and passwords have no place in a URL; write it without"
        )
    parts = _parts(text)
    if parts is None:
        raise UsageError(f"{option} {shown(text)} is no URL; write e.g. http://localhost:3000")
    if "?" in text or "#" in text:
        raise UsageError(
            f"{option} {shown(text)} goes on behind its path; write it up to '?' or '#'"
        )
    return text.rstrip("/")


def _parts(text: str) -> SplitResult | None:
    """Return the parts of an http or https URL, None of all else."""
    try:
        parts = urlsplit(text)
        is_url = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    is_http = parts.scheme in {"http", "https"} and _VISIBLE.fullmatch(text) is not None
    return parts if is_http and is_url and "\\" not in text else None
