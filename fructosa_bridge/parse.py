"""The Prometheus text format, version 0.0.4, read strictly: one wrong line refuses the page.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .errors import PageError

_SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r'(?:[ \t]*\{(?P<labels>(?:[^"}\\]|"(?:[^"\\]|\\.)*")*)\}[ \t]*|[ \t]+)'
    r"(?P<value>[^ \t{}\"]+)(?:[ \t]+(?P<time>[-+]?[0-9]{1,19}))?"
)
_LABEL = re.compile(
    r'[ \t]*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"(?P<value>(?:[^"\\]|\\.)*)"[ \t]*(?:,|$)'
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED = {"\\": "\\", '"': '"', "n": "\n"}
_TYPE = re.compile(r"#[ \t]+TYPE[ \t]+[a-zA-Z_:][a-zA-Z0-9_:]*[ \t]+(?P<type>\S+)[ \t]*")
_TYPES = frozenset({"counter", "gauge", "histogram", "summary", "untyped"})


class Sample(NamedTuple):
    """A line of a page: labels in the order of the page, time in milliseconds where it has one."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    time_ms: int | None = None


def samples(page: str) -> Iterator[Sample]:
    """Yield the samples of a *page*.

    Raises: PageError with the first line that is wrong.
    """
    for line in page.split("\n"):
        sample = parse_line(line)
        if sample is not None:
            yield sample


def parse_line(line: str) -> Sample | None:
    """Return the sample in a *line*; None for a comment or an empty line.

    Raises: PageError.
    """
    stripped = line.strip(" \t\r")
    if not stripped:
        return None
    if stripped.startswith("#"):
        _check_comment(stripped)
        return None
    match = _SAMPLE.fullmatch(stripped)
    if match is None:
        raise PageError(f"not a sample of the text format: {_shown(line)}")
    time_ms = None if match["time"] is None else int(match["time"])
    labels = _labels(match["labels"] or "", line)
    return Sample(match["name"], labels, _number(match["value"]), time_ms)


def plain_number(text: str) -> float | None:
    """Return the value of a sample, as Go reads it; None for what is no number."""
    try:
        value = float(text)
    except ValueError:
        return None
    # Python alone reads 1_000, and the digits of other scripts.
    return value if text.isascii() and "_" not in text else None


def _number(text: str) -> float:
    value = plain_number(text)
    if value is None:
        raise PageError(f"not a number: {_shown(text)}")
    return value


def _labels(text: str, line: str) -> tuple[tuple[str, str], ...]:
    labels: dict[str, str] = {}
    position = 0
    while text[position:].strip(" \t"):
        match = _LABEL.match(text, position)
        if match is None or match["name"] in labels:
            problem = "bad label" if match is None else f"label {match['name']} twice"
            raise PageError(f"{problem} in {_shown(line)}")
        labels[match["name"]] = _ESCAPE.sub(_unescape, match["value"])
        position = match.end()
    return tuple(labels.items())


def _unescape(match: re.Match[str]) -> str:
    try:
        return _UNESCAPED[match[1]]
    except KeyError:
        raise PageError(f"unknown escape {match[0]!r} in the value of a label") from None


def _check_comment(line: str) -> None:
    match = _TYPE.fullmatch(line)
    if match is not None and match["type"] not in _TYPES:
        raise PageError(f"no type of a metric: {_shown(line)}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
