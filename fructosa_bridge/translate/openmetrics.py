"""The strict parser of OpenMetrics 1.0: an invalid line or a missing end refuses the page.

Exemplars and time stamps are parsed and ignored. Values are not checked against their type: a
histogram whose buckets do not add up is stored as it is.

Source: https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

import re
from collections.abc import Iterator, Sequence
from math import isfinite

from ..model.errors import PageError
from .text_format import INVALID_TYPE, ParsedSample, distinct, number, shown

IN_TWO_PLACES = "{name} is in two places of the page"

_END = "# EOF"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"'
_LABELS = rf"\{{((?:{_LABEL}(?:,{_LABEL})*)?)\}}"
_NUMBER = r'([^ #{}"]+)'
_SAMPLE = re.compile(
    rf"({_NAME})(?:{_LABELS})? {_NUMBER}(?: {_NUMBER})?(?: # {_LABELS} {_NUMBER}(?: {_NUMBER})?)?"
)
_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_FIRST_NAME = re.compile(_NAME)
_METADATA = re.compile(rf"# (HELP|TYPE|UNIT) ({_NAME}) (.*)")
# What the names of samples add to the name of their family.
_SUFFIXES = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "gaugehistogram": ("_gcount", "_gsum", "_bucket"),
    "histogram": ("_count", "_sum", "_bucket", "_created"),
    "info": ("_info",),
    "stateset": ("",),
    "summary": ("", "_count", "_sum", "_created"),
    "unknown": ("",),
}


def samples(page: str) -> Iterator[ParsedSample]:
    """Yield the samples of a *page*.

    Raises: PageError with the first invalid line.
    """
    lines = page.split("\n")
    check(lines)
    for line in lines:
        sample = parse_line(line)
        if sample is not None:
            yield sample


def parse_line(line: str) -> ParsedSample | None:
    """Return the sample in a *line*; None for any other line, which *check* examines.

    Raises: PageError.
    """
    if not line or line.startswith("#"):
        return None
    match = _SAMPLE.fullmatch(line)
    if match is None:
        raise PageError(f"not a valid OpenMetrics sample: {shown(line)}")
    name, labels, value, time, exemplar, example, example_time = match.groups()
    if exemplar is not None:
        _labels(exemplar, line)
        number(example)
        _time_ms(example_time, line)
    return ParsedSample(name, _labels(labels or "", line), number(value), _time_ms(time, line))


def check(lines: Sequence[str]) -> None:
    """Refuse a page that is cut off, has blank lines, or has a family in two places.

    Raises: PageError.
    """
    body = lines[:-1] if lines[-1] == "" else lines
    if not body or body[-1] != _END:
        raise PageError(f"the page is cut off: it does not end in {_END!r}")
    families = _Families()
    for line in body[:-1]:
        if line.startswith("#"):
            families.add_metadata(line)
        else:
            families.add_sample(line)
    families.close()


class _Families:
    """The families of a page, one after the other; none may be repeated."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._begin("", ())
        self._has_samples = False

    def _begin(self, name: str, suffixes: Sequence[str]) -> None:
        self._name = name
        self._suffixes = suffixes
        self._metadata: set[str] = set()
        self._has_samples = False

    def close(self) -> None:
        """End a family: no other may have its name, or those of its samples."""
        if not self._name:
            return
        names = {self._name, *(self._name + suffix for suffix in self._suffixes)}
        if clashing := names & self._seen:
            raise PageError(IN_TWO_PLACES.format(name=min(clashing)))
        self._seen |= names

    def add_metadata(self, line: str) -> None:
        """Examine a line of metadata."""
        match = _METADATA.fullmatch(line)
        if match is None:
            raise PageError(f"not a valid HELP, TYPE or UNIT: {shown(line)}")
        word, name, text = match.groups()
        if name != self._name:
            self.close()
            self._begin(name, ("",))
        if word in self._metadata or self._has_samples:
            raise PageError(f"{word} of {name} is repeated, or after its samples: {shown(line)}")
        self._metadata.add(word)
        if word == "TYPE":
            self._suffixes = _suffixes(text, line)
        if word == "UNIT" and text and not name.endswith(f"_{text}"):
            raise PageError(f"the metric name does not end in its unit: {shown(line)}")

    def add_sample(self, line: str) -> None:
        """Examine a sample; one that does not belong to the family begins another one."""
        match = _FIRST_NAME.match(line)
        if match is None:
            raise PageError(f"not a valid OpenMetrics sample: {shown(line)}")
        sample = match[0]
        if not self._name or sample not in {self._name + suffix for suffix in self._suffixes}:
            self.close()
            self._begin(sample, ("",))
        self._has_samples = True


def _suffixes(kind: str, line: str) -> Sequence[str]:
    try:
        return _SUFFIXES[kind]
    except KeyError:
        raise PageError(INVALID_TYPE.format(line=shown(line))) from None


def _labels(text: str, line: str) -> tuple[tuple[str, str], ...]:
    return distinct(_PAIR.findall(text), line)


def _time_ms(text: str | None, line: str) -> int | None:
    if text is None:
        return None
    seconds = number(text)
    if not isfinite(seconds * 1000):
        raise PageError(f"invalid time stamp: {shown(line)}")
    return int(seconds * 1000)
