"""The parser of the Prometheus text format 0.0.4: one invalid line refuses the page.

What Prometheus accepts is accepted, unless a value would be wrong. Names in quotes, which only
later versions of the format have, are read as Prometheus 3 reads them.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re
from collections.abc import Iterator

from ..model.errors import PageError
from .sample_lines import (
    INSIDE_BRACES,
    INVALID_TYPE,
    LABEL,
    LINE_LIMIT,
    NAME,
    NOT_A_SAMPLE,
    QUOTED,
    ParsedSample,
    ScannedLine,
    check_line,
    number,
    parsed_sample,
    shown,
)

# Without braces, a blank must stand before the number: Prometheus reads up-1 as -1 of up.
_SAMPLE = re.compile(
    rf"[ \t]*+(?:(?P<name>{NAME})(?:[ \t]*+\{{(?P<labels>{INSIDE_BRACES})\}}[ \t]*+|[ \t]++)"
    rf"|\{{(?P<unnamed>{INSIDE_BRACES})\}}[ \t]*+)"
    r"(?P<value>[^ \t\r\n{]++)(?:[ \t]++(?P<time>[-+]?[0-9]{1,19}))?[ \t\r]*+"
)
# A comma between two labels may be missing, as in Prometheus.
ITEM = re.compile(
    rf"(?P<label>{LABEL}|{QUOTED})[ \t]*+=[ \t]*+(?P<value>{QUOTED})[ \t]*+(?:,[ \t]*+)?"
    rf"|(?P<metric>{QUOTED})[ \t]*+(?:,[ \t]*+|\Z)"
)
# The ends of many lines that have known prefixes: a number, and perhaps a time.
ENDS = re.compile(r"^([^ \t\r\n]++)(?:[ \t]++[-+]?[0-9]{1,19})?[ \t\r]*+$", re.MULTILINE)

_HAS_METADATA = re.compile(r"#[ \t]+(?:HELP|TYPE)[ \t]")
_METADATA = re.compile(
    rf"#[ \t]+(?:HELP|(?P<type>TYPE))[ \t]+(?P<name>(?:{NAME}|{QUOTED})(?P<text>.*))?"
)
_TYPE = re.compile(r".[ \t]*(?:counter|gauge|histogram|summary|untyped)")


def samples(page: str) -> Iterator[ParsedSample]:
    """Yield the samples of a *page*.

    Raises: PageError with the first invalid line.
    """
    texts = iter(page.split("\n"))
    for text in texts:
        sample = parse_line(whole_line(text, texts))
        if sample is not None:
            yield sample


def whole_line(text: str, following: Iterator[str], line_limit: int = LINE_LIMIT) -> str:
    """Return a line; as many of the *following* ones belong to it as a quoted text has line feeds.

    Prometheus reads these as they are.

    Raises: PageError if it gets too long.
    """
    if '"' not in text or text.lstrip(" \t").startswith("#"):
        return text
    parts, size = [text], len(text)
    while _opens_or_closes(parts[-1]) is (len(parts) == 1):
        more = next(following, None)
        if more is None:
            break
        parts.append(more)
        size += len(more) + 1
        if size > line_limit:
            break
    line = "\n".join(parts)
    check_line(line, line_limit)
    return line


def _opens_or_closes(text: str) -> bool:
    """Return whether a quoted text begins in a line and does not end there, or the opposite."""
    return text.replace(r"\\", "").replace('\\"', "").count('"') % 2 == 1


def parse_line(line: str) -> ParsedSample | None:
    """Return the sample in a *line*; None for a comment or an empty line.

    Raises: PageError.
    """
    return parsed_sample(scan(line), ITEM)


def scan(line: str) -> ScannedLine | None:
    """Return a *line* with a sample in its parts; None for a comment or an empty line.

    Raises: PageError.
    """
    match = _SAMPLE.fullmatch(line)
    if match is None:
        _check_comment(line)
        return None
    return ScannedLine(
        line[: match.start("value")],
        match["name"],
        (match["labels"] or match["unnamed"] or "").lstrip(" \t"),
        number(match["value"]),
        None if match["time"] is None else int(match["time"]),
    )


def _check_comment(line: str) -> None:
    """Refuse an invalid HELP or TYPE, and what is no comment; any other comment is free text."""
    text = line.strip(" \t\r")
    if text and text[0] != "#":
        raise PageError(NOT_A_SAMPLE.format(line=shown(line)))
    if _HAS_METADATA.match(text) is None:
        return
    match = _METADATA.fullmatch(text)
    if match is None or match["name"] is None:
        raise PageError(f"invalid metric name: {shown(line)}")
    if match["type"] and _TYPE.fullmatch(match["text"]) is None:
        raise PageError(INVALID_TYPE.format(line=shown(line)))
