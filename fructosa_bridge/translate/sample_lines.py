"""What the lines of both exposition formats share: names, quoted texts, numbers, labels."""

import re
from typing import NamedTuple

from ..model.errors import PageError
from ..model.selection import LabelLimits

NOT_A_SAMPLE = "not a valid sample: {line}"
INVALID_TYPE = "invalid metric type: {line}"
INVALID_LABEL = "invalid label in {line}"
NO_NAME = "no metric name in {line}"
TWO_NAMES = "two metric names in {line}"
LINE_TOO_LONG = (
    "a line is longer than the {limit} bytes that line limit allows; raise it, or let the exporter "
    "write shorter lines: {line}"
)
MANY_LABELS = "more than {limit} labels in {line}; raise label limit"
LINE_LIMIT = LabelLimits.line_limit
MOST_LABELS = 10**6

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*+"
# Repetitions are possessive: to be able to try again takes a hundred times the memory of a label.
QUOTED = r'"(?:[^"\\]++|\\.)*+"'
INSIDE_BRACES = rf'(?:[^"}}]++|{QUOTED})*+'


class ParsedSample(NamedTuple):
    """A sample: labels in the order of the page, time in milliseconds if it has one."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float
    time_ms: int | None = None


class ScannedLine(NamedTuple):
    """A line with a sample, whose labels are still text.

    *prefix* is the line up to its number. *name* is None if the name is in quotes among the labels.
    """

    prefix: str
    name: str | None
    labels: str
    value: float
    time_ms: int | None


def check_line(line: str, line_limit: int) -> None:
    """Refuse a line with more than *line_limit* bytes.

    Raises: PageError.
    """
    if 4 * len(line) <= line_limit:  # no character has more bytes
        return
    is_longer = len(line) > line_limit
    if is_longer or len(line.encode("utf-8", "surrogateescape")) > line_limit:
        raise PageError(LINE_TOO_LONG.format(limit=line_limit, line=shown(line)))


def series(
    scanned: ScannedLine, item: re.Pattern[str], most_labels: int = MOST_LABELS
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the metric and the labels of a line, these in the order of the page.

    *item* matches a ``label`` with its ``value``, or a ``metric`` in quotes. The page is refused if
    there are more than *most_labels* labels, also with those that have no value.

    Raises: PageError if one is invalid, repeated or reserved.
    """
    name, text, at = scanned.name, scanned.labels, 0
    found: dict[str, str] = {}
    while at < len(text):
        match = item.match(text, at)
        if match is None:
            raise PageError(INVALID_LABEL.format(line=shown(scanned.prefix)))
        at = match.end()
        if len(found) > most_labels:
            raise PageError(MANY_LABELS.format(limit=most_labels, line=shown(scanned.prefix)))
        if match["metric"] is None:
            label, value = _unquoted(match["label"]), _unquoted(match["value"])
            # A label without a value is a missing one, as everywhere in Prometheus.
            is_repeated = label in found and (value or found[label])
            if is_repeated or label in ("__name__", ""):
                raise PageError(f"{_problem(label)} in {shown(scanned.prefix)}")
            found[label] = value
        elif name is None:
            name = _unquoted(match["metric"])
        else:
            raise PageError(TWO_NAMES.format(line=shown(scanned.prefix)))
    if not name:
        raise PageError(NO_NAME.format(line=shown(scanned.prefix)))
    return name, tuple(found.items())


def parsed_sample(scanned: ScannedLine | None, item: re.Pattern[str]) -> ParsedSample | None:
    """Return the sample of a line as ``series`` does; None if the line has none."""
    if scanned is None:
        return None
    return ParsedSample(*series(scanned, item), scanned.value, scanned.time_ms)


def _problem(label: str) -> str:
    if not label:
        return "label without a name"
    return f"reserved label {label}" if label == "__name__" else f"repeated label {label}"


def _unquoted(text: str) -> str:
    """Return a name or a value without its quotes and escapes.

    An unknown escape is kept as it is, as in Prometheus: some exporters expose file names of
    Windows without escaping them.
    """
    if text[0] != '"':
        return text
    text = text[1:-1]
    if "\\" not in text:
        return text
    # Each backslash begins an escape, so two of them are one wherever a row of them begins.
    parts = text.split(r"\\")
    return "\\".join(part.replace(r"\n", "\n").replace('\\"', '"') for part in parts)


def plain_number(text: str) -> float | None:
    """Return the number in *text* as Go parses it, None if it is not a number."""
    try:
        value = float(text)
    except ValueError:
        return None
    # float() also accepts 1_000, the digits of other scripts, and white space around a number.
    is_plain = text.isascii() and "_" not in text and text == text.strip()
    # Go knows no sign of NaN.
    return value if is_plain and (value == value or text[0] in "nN") else None


def number(text: str) -> float:
    """Return the number in *text*.

    Raises: PageError.
    """
    value = plain_number(text)
    if value is None:
        raise PageError(f"not a number: {shown(text)}")
    return value


def shown(text: str) -> str:
    """Return *text* in quotes for a message, cut if it is long."""
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
