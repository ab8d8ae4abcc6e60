"""What a scraper asks for by its headers: the format, gzip, and how long it waits."""

from collections.abc import Iterable
from functools import lru_cache

from fructosa_exporter.page.exposition import Format

# A page that arrives when the scraper has given up is of no use: this much, and at most this
# share of its timeout, is left for the way.
_MARGIN_S = 0.5
_MARGIN_SHARE = 0.2
_DEFAULT_S = 5.0


def page_timeout_s(header: str | None) -> float:
    """Return how long the page may take, for a header X-Prometheus-Scrape-Timeout-Seconds."""
    try:
        timeout_s = float(header or "")
    except ValueError:
        return _DEFAULT_S
    if not 0 < timeout_s < 1e6:
        return _DEFAULT_S
    return timeout_s - min(_MARGIN_S, timeout_s * _MARGIN_SHARE)


@lru_cache(maxsize=16)
def negotiated_format(accept: str) -> Format:
    """Return the format that the header *accept* prefers, OpenMetrics only where it is named."""
    wanted = {Format.OPENMETRICS: 0.0, Format.TEXT: 0.0}
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        version = _parameter(parameters, "version")
        if media == "application/openmetrics-text" and version in ("", "1.0.0", "1.0"):
            wanted[Format.OPENMETRICS] = max(wanted[Format.OPENMETRICS], _weight(parameters))
        elif media in ("text/plain", "text/*", "*/*"):
            wanted[Format.TEXT] = max(wanted[Format.TEXT], _weight(parameters))
    openmetrics = wanted[Format.OPENMETRICS]
    return Format.OPENMETRICS if 0 < openmetrics >= wanted[Format.TEXT] else Format.TEXT


@lru_cache(maxsize=16)
def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether the header *accept_encoding* allows a body to be sent in gzip."""
    for part in accept_encoding.split(","):
        coding, *parameters = (word.strip().lower() for word in part.split(";"))
        if coding == "gzip":
            return _weight(parameters) > 0
    return False


def _parameter(parameters: Iterable[str], name: str) -> str:
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == name:
            return value.strip().strip('"')
    return ""


def _weight(parameters: Iterable[str]) -> float:
    text = _parameter(parameters, "q")
    try:
        weight = float(text or 1)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
