"""The parser of OpenMetrics 1.0: an invalid line or a missing end refuses the page.

What Prometheus accepts is accepted: families may be stated twice, interleaved or without the
suffixes of their type. Exemplars and time stamps are parsed and ignored. Values are not checked
against their type: a histogram whose buckets do not add up is stored as it is.

Source: https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import re
from collections.abc import Iterator
from math import isfinite, modf

from ..model.errors import PageError
from .sample_lines import (
    INSIDE_BRACES,
    INVALID_TYPE,
    LABEL,
    NAME,
    QUOTED,
    ParsedSample,
    ScannedLine,
    number,
    parsed_sample,
    shown,
)

CUT_OFF = "the page is cut off: it does not end in '# EOF'"
AFTER_THE_END = "the page goes on after its end: '# EOF' is there twice, or not at the end"
EMPTY_LINE = "the page has an empty line, which OpenMetrics does not allow"

_END = "# EOF"
_NUMBER = r'([^ #{}"]+)'
_LABELS = rf"\{{({INSIDE_BRACES})\}}"
_SAMPLE = re.compile(
    rf"(?:({NAME})(?:{_LABELS})?|{_LABELS}) {_NUMBER}(?: {_NUMBER})?"
    rf"(?: # {_LABELS} {_NUMBER}(?: {_NUMBER})?)?"
)
ITEM = re.compile(
    rf"(?:(?P<label>{LABEL}|{QUOTED})=(?P<value>{QUOTED})|(?P<metric>{QUOTED}))(?:,|\Z)"
)
_DECIMAL = r"[-+]?[0-9]{1,40}(?:\.[0-9]*+)?(?:[eE][-+]?[0-9]{1,2})?"
_PAIR = rf'{LABEL}="(?:[^"\\\n]++|\\.)*+"'
# The ends of many lines that have known prefixes: a number, and perhaps a time and an exemplar.
ENDS = re.compile(
    rf"^([^ \n]++)(?: {_DECIMAL})?"
    rf"(?: # \{{(?:{_PAIR}(?:,{_PAIR})*+)?\}} {_DECIMAL}(?: {_DECIMAL})?)?$",
    re.MULTILINE,
)
_METADATA = re.compile(rf"# (HELP|TYPE|UNIT) ({NAME}|{QUOTED}) (.*)", re.DOTALL)
_TYPES = frozenset(
    ["counter", "gauge", "gaugehistogram", "histogram", "info", "stateset", "summary", "unknown"]
)


def samples(page: str) -> Iterator[ParsedSample]:
    """Yield the samples of a *page*.

    Raises: PageError with the first invalid line.
    """
    check(page)
    for line in page.split("\n"):
        sample = parse_line(line)
        if sample is not None:
            yield sample


def check(page: str) -> None:
    """Refuse a page that is cut off, goes on after its end, or has empty lines.

    Raises: PageError.
    """
    size = len(page) - page.endswith("\n")
    start = size - len(_END)  # of the last line
    first = 0 if page.startswith(f"{_END}\n") else page.find(f"\n{_END}\n") + 1 or start
    if not page.startswith(_END, start) or page[start - 1 : start] not in ("", "\n"):
        raise PageError(AFTER_THE_END if first != start else CUT_OFF)
    if first != start:
        raise PageError(AFTER_THE_END)
    if page.startswith("\n") or "\n\n" in page:
        raise PageError(EMPTY_LINE)


def parse_line(line: str) -> ParsedSample | None:
    """Return the sample in a *line*; None for any other line.

    Raises: PageError.
    """
    return parsed_sample(scan(line), ITEM)


def scan(line: str) -> ScannedLine | None:
    """Return a *line* with a sample in its parts; None for any other line.

    Raises: PageError.
    """
    match = _SAMPLE.fullmatch(line)
    if match is None:
        _check_metadata(line)
        return None
    name, labels, unnamed, value, time, exemplar, example, example_time = match.groups()
    if exemplar is not None:
        _check_exemplar(exemplar, line)
        number(example)
        _time_ms(example_time, line)
    return ScannedLine(
        line[: match.start(4)],
        name,
        labels or unnamed or "",
        number(value),
        _time_ms(time, line),
    )


def _check_metadata(line: str) -> None:
    if line in ("", _END):
        return
    if not line.startswith("#"):
        raise PageError(f"not a valid OpenMetrics sample: {shown(line)}")
    match = _METADATA.fullmatch(line)
    if match is None:
        raise PageError(f"not a valid HELP, TYPE or UNIT: {shown(line)}")
    word, name, text = match.groups()
    if word == "TYPE" and text not in _TYPES:
        raise PageError(INVALID_TYPE.format(line=shown(line)))
    if word == "UNIT" and text and not name.strip('"').endswith(f"_{text}"):
        raise PageError(f"the metric name does not end in its unit: {shown(line)}")


def _check_exemplar(text: str, line: str) -> None:
    at = 0
    while at < len(text):
        match = ITEM.match(text, at)
        if match is None or match["metric"] is not None:
            raise PageError(f"not a valid exemplar: {shown(line)}")
        at = match.end()


def _time_ms(text: str | None, line: str) -> int | None:
    if text is None:
        return None
    seconds = number(text)
    if not isfinite(seconds):
        raise PageError(f"invalid time stamp: {shown(line)}")
    fraction, whole = modf(seconds)
    return int(whole) * 1000 + int(fraction * 1000)
