"""The strict parser of the Prometheus text format 0.0.4: one invalid line refuses the page.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..model.errors import PageError

NOT_A_SAMPLE = "not a valid sample: {line}"
INVALID_TYPE = "invalid metric type: {line}"

_SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r'(?:[ \t]*\{(?P<labels>(?:[^"}\\]|"(?:[^"\\]|\\.)*")*)\}[ \t]*|[ \t]+)'
    r"(?P<value>[^ \t{}\"]+)(?:[ \t]+(?P<time>[-+]?[0-9]{1,19}))?"
)
_LABEL = re.compile(
    r'[ \t]*(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"(?P<value>(?:[^"\\]|\\.)*)"[ \t]*(?:,|$)'
)
_ESCAPE = re.compile(r'\\([\\"n])')
_UNESCAPED = {"\\": "\\", '"': '"', "n": "\n"}
_METADATA = re.compile(
    r"#[ \t]+(?P<word>HELP|TYPE)[ \t]+(?P<name>[^ \t]+)(?:[ \t]+(?P<text>[^ \t].*))?"
)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_TYPES = frozenset({"counter", "gauge", "histogram", "summary", "untyped"})


class ParsedSample(NamedTuple):
    """A sample: labels in the order of the page, time in milliseconds if it has one."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    time_ms: int | None = None


def samples(page: str) -> Iterator[ParsedSample]:
    """Yield the samples of a *page*.

    Raises: PageError with the first invalid line.
    """
    for line in page.split("\n"):
        sample = parse_line(line)
        if sample is not None:
            yield sample


def parse_line(line: str) -> ParsedSample | None:
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
        raise PageError(NOT_A_SAMPLE.format(line=shown(line)))
    time_ms = None if match["time"] is None else int(match["time"])
    labels = _labels(match["labels"] or "", line)
    return ParsedSample(match["name"], labels, number(match["value"]), time_ms)


def plain_number(text: str) -> float | None:
    """Return the number in *text* as Go parses it, None if it is not a number."""
    try:
        value = float(text)
    except ValueError:
        return None
    # float() also accepts 1_000, the digits of other scripts, and white space around a number.
    is_plain = text.isascii() and "_" not in text and text == text.strip()
    return value if is_plain else None


def number(text: str) -> float:
    """Return the number in *text*.

    Raises: PageError.
    """
    value = plain_number(text)
    if value is None:
        raise PageError(f"not a number: {shown(text)}")
    return value


def unescaped(value: str) -> str:
    """Return the value of a label without its escapes.

    An unknown escape is kept as it is, as in Prometheus: some exporters expose file names of
    Windows without escaping them.
    """
    return _ESCAPE.sub(lambda escape: _UNESCAPED[escape[1]], value) if "\\" in value else value


def distinct(labels: Iterable[tuple[str, str]], line: str) -> tuple[tuple[str, str], ...]:
    """Return *labels* without escapes, in the order of the page.

    Raises: PageError if a name is repeated, or reserved.
    """
    found: dict[str, str] = {}
    for name, value in labels:
        if name in found or name == "__name__":
            problem = f"repeated label {name}" if name in found else "reserved label __name__"
            raise PageError(f"{problem} in {shown(line)}")
        found[name] = unescaped(value)
    return tuple(found.items())


def shown(text: str) -> str:
    """Return *text* in quotes for a message, cut if it is long."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _labels(text: str, line: str) -> tuple[tuple[str, str], ...]:
    return distinct(_pairs(text, line), line)


def _pairs(text: str, line: str) -> Iterator[tuple[str, str]]:
    position = 0
    while text[position:].strip(" \t"):
        match = _LABEL.match(text, position)
        if match is None:
            raise PageError(f"invalid label in {shown(line)}")
        yield match["name"], match["value"]
        position = match.end()


def _check_comment(line: str) -> None:
    """Refuse an invalid HELP or TYPE; any other comment is free text."""
    match = _METADATA.fullmatch(line)
    if match is None:
        return
    if _NAME.fullmatch(match["name"]) is None:
        raise PageError(f"invalid metric name: {shown(line)}")
    if match["word"] == "TYPE" and match["text"] not in _TYPES:
        raise PageError(INVALID_TYPE.format(line=shown(line)))
