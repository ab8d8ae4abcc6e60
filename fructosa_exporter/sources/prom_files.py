"""Parses files in the Prometheus text format 0.0.4, and merges them into families.

Samples are rendered again, so that the page is valid whatever the spacing or order in the files.
The parser is stricter than the format: it rejects timestamps, control characters (including CR LF)
and names that belong to two metrics. Of several HELP of a metric, the first is used. Source:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fructosa_exporter.metrics import Family
from fructosa_service.errors import shown, visible

# Why a file is left out.
UNTERMINATED = "has no LF at its end, so a number may be cut; end each line with LF"
NOT_UTF8 = "is not valid UTF-8; write the file in UTF-8"
CARRIAGE_RETURN = "has a carriage return; end lines with LF only"
CONTROL_CHARACTER = "has the control character {character!r}; remove it"
SECOND_TYPE = "second TYPE of {metric}, which differs; write one TYPE"
NOT_A_TYPE = "{text} is not a valid type; write one of {types}"
TYPE_AFTER_SAMPLES = "TYPE of {metric} follows its samples; write it before them"
DUPLICATE_SERIES = "duplicate series {series}; write each series once"
RESERVED_PREFIX = "{name} has a prefix reserved for lagent; rename it"
IN_TWO_METRICS = "{name} belongs to both {one} and {other}; rename one of them"
NO_SPACE_IN_HEAD = "has no space in #{word}; write '# {word}'"
HEAD_WITHOUT_NAME = "{word} without a valid name; write e.g. '# {word} NAME {example}'"
NOT_A_SAMPLE = "{text} is not a valid sample; write e.g. 'name{{label=\"text\"}} 1'"
NO_VALUE = "{text} has no value; write a name, a space and a number"
NOT_A_LABEL = '{text} is not a valid label; write e.g. label="text"'
RESERVED_LABEL = "label {label} is reserved for Prometheus; rename it"
DUPLICATE_LABEL = "duplicate label {label}; write it once"
TIMESTAMP = "has a timestamp; remove it, as samples get the time of the scrape"
TEXT_AFTER_VALUE = "has {text} after its value; remove it"
NOT_A_NUMBER = "{text} is not a number; write e.g. 1, 0.5, 1e9, NaN or +Inf"
WRONG_SUFFIX = "{name} is a {type}; write its samples as {names}"
NO_BOUND = "{name} of a {type} needs a label {label} that is a number"
BOUND_IN_WRONG_SAMPLE = "{name} of a {type} cannot have a label {label}; remove it"
INVALID_ESCAPE = "has an invalid escape {escape}; write a backslash as \\\\"
OTHER_TYPE_IN_FILE = "{name} is {type}, but {other} in {file}; write one TYPE"
OTHER_METRIC_IN_FILE = "{name} belongs to {metric} in {file}; rename one of them"
SERIES_IN_FILE = "{series} is also in {file}; write each series to one file"

# The suffixes of the names of samples, by the type of the metric.
_SUFFIXES = {
    "counter": ("",),
    "gauge": ("",),
    "untyped": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("", "_sum", "_count"),
}
# By type: the suffix of the samples that need a label with a number, and the name of that label.
_BOUND = {"histogram": ("_bucket", "le"), "summary": ("", "quantile")}
_OWN_PREFIX = "fructosa_"

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# Possessive quantifiers: without backtracking, long invalid lines cost no more than valid ones.
_LABEL = re.compile(
    r"[ \t]*+(?P<name>[a-zA-Z_][a-zA-Z0-9_]*+)[ \t]*+=[ \t]*+"
    r'"(?P<value>[^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t]*+(?:,|(?=\}))'
)
_END_OF_LABELS = re.compile(r"[ \t]*+\}")
_HEAD = re.compile(r"#(?P<blank>[ \t]*+)(?P<word>HELP|TYPE)(?:[ \t]++(?P<rest>.*))?", re.DOTALL)
_EXAMPLES = {"HELP": "What it means.", "TYPE": "gauge"}
_BLANKS = re.compile(r"[ \t]++")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPE = re.compile(r"\\.?")
_IN_HELP = {r"\\": "\\", r"\n": "\n"}
_IN_LABELS = _IN_HELP | {r"\"": '"'}
# What both Go and Python parse. Only Go accepts hexadecimal, only Python 1_000 and +nan.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?inf(?:inity)?|nan",
    re.ASCII | re.IGNORECASE,
)
_NOT_FINITE = {"n": "NaN", "i": "+Inf", "+": "+Inf", "-": "-Inf"}


class FileRejected(Exception):
    """A file is left out; the text says what is wrong, where, and what to do."""


@dataclass
class FileMetric:
    """A metric of one file: its type and help, if declared, and its lines by series."""

    name: str
    declared_type: str | None = None
    help: str | None = None
    lines: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The type; untyped if none is declared."""
        return self.declared_type or "untyped"

    def names(self) -> list[str]:
        """Return the name of the metric, followed by those of its samples."""
        return [self.name, *(self.name + suffix for suffix in _SUFFIXES[self.type] if suffix)]


ParsedFile = Mapping[str, FileMetric]


def parse_file(content: bytes) -> ParsedFile:
    """Return the metrics of a file that have samples, by name.

    Raises: FileRejected with the first invalid line.
    """
    lines = _text(content).split("\n")
    parser = _FileParser()
    for number, line in enumerate(lines, 1):
        try:
            parser.add_line(line.strip(" \t"))
        except FileRejected as reason:
            raise FileRejected(f"line {number}: {reason}") from None
    return {name: metric for name, metric in parser.by_name.items() if metric.lines}


def merge_files(files: Mapping[str, ParsedFile]) -> tuple[tuple[Family, ...], dict[str, str]]:
    """Return the families of all *files*, and the reasons why files are left out, by file.

    A file that contradicts one before it is left out completely.
    """
    merged = _MergedFiles()
    rejected = {}
    for file, parsed in files.items():
        try:
            merged.add(file, parsed)
        except FileRejected as reason:
            rejected[file] = str(reason)
    return tuple(merged.families()), rejected


def _text(content: bytes) -> str:
    if content[content.rfind(b"\n") + 1 :].strip(b" \t"):
        line = content.count(b"\n") + 1
        raise FileRejected(f"line {line}: {UNTERMINATED}")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileRejected(f"line {line}: {NOT_UTF8}") from None
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        if control[0] == "\r":
            raise FileRejected(f"line {line}: {CARRIAGE_RETURN}")
        reason = CONTROL_CHARACTER.format(character=control[0])
        raise FileRejected(f"line {line}: {reason}")
    return text


class _FileParser:
    """Parses one file, line by line."""

    def __init__(self) -> None:
        self.by_name: dict[str, FileMetric] = {}
        self._owners: dict[str, FileMetric] = {}  # by the names of samples

    def add_line(self, line: str) -> None:
        """Parse a *line*, stripped of blanks."""
        if not line.startswith("#"):
            if line:
                self._add_sample(line)
        elif head := _HEAD.fullmatch(line):
            name, text = _parse_head(head)
            add = self._add_help if head["word"] == "HELP" else self._add_type
            add(self._metric(name), text)

    def _add_help(self, metric: FileMetric, text: str) -> None:
        text = _unescaped(text, _IN_HELP)
        metric.help = text if metric.help is None else metric.help

    def _add_type(self, metric: FileMetric, text: str) -> None:
        if text not in _SUFFIXES:
            raise FileRejected(NOT_A_TYPE.format(text=shown(text), types=", ".join(_SUFFIXES)))
        if metric.declared_type == text:
            return
        if metric.declared_type is not None:
            raise FileRejected(SECOND_TYPE.format(metric=visible(metric.name)))
        if metric.lines:
            raise FileRejected(TYPE_AFTER_SAMPLES.format(metric=visible(metric.name)))
        metric.declared_type = text
        for name in metric.names():
            self._claim(name, metric)

    def _add_sample(self, line: str) -> None:
        name, labels, value = _parse_sample(line)
        metric = self._owners.get(name) or self._metric(name)
        _check_sample(metric, name, labels)
        rendered = _rendered(name, labels)
        series = _series(name, labels, rendered)
        if series in metric.lines:
            raise FileRejected(DUPLICATE_SERIES.format(series=visible(series)))
        metric.lines[series] = f"{rendered} {value}"

    def _metric(self, name: str) -> FileMetric:
        metric = self.by_name.get(name) or FileMetric(name)
        self._claim(name, metric)
        return self.by_name.setdefault(name, metric)

    def _claim(self, name: str, metric: FileMetric) -> None:
        if name.startswith(_OWN_PREFIX):
            raise FileRejected(RESERVED_PREFIX.format(name=visible(name)))
        owner = self._owners.setdefault(name, metric)
        if owner is not metric:
            one, other = visible(owner.name), visible(metric.name)
            raise FileRejected(IN_TWO_METRICS.format(name=visible(name), one=one, other=other))


def _parse_head(head: re.Match[str]) -> tuple[str, str]:
    """Return the name and the text of a HELP or TYPE."""
    word = head["word"]
    if not head["blank"]:  # some parsers take it for a comment, others don't
        raise FileRejected(NO_SPACE_IN_HEAD.format(word=word))
    name, *text = _BLANKS.split(head["rest"] or "", maxsplit=1)
    if not _NAME.fullmatch(name):
        raise FileRejected(HEAD_WITHOUT_NAME.format(word=word, example=_EXAMPLES[word]))
    return name, "".join(text)


def _parse_sample(line: str) -> tuple[str, dict[str, str], str]:
    """Return the name, labels and value in a *line*."""
    name = _NAME.match(line)
    if name is None:
        raise FileRejected(NOT_A_SAMPLE.format(text=shown(line)))
    labels: dict[str, str] = {}
    end = name.end()
    blank = _BLANKS.match(line, end)
    at = blank.end() if blank else end
    if line.startswith("{", at):
        labels, at = _parse_labels(line, at + 1)
    elif blank is None:
        raise FileRejected(NO_VALUE.format(text=shown(line)))
    return name[0], labels, _parse_value(line[at:].lstrip(" \t"))


def _parse_labels(line: str, at: int) -> tuple[dict[str, str], int]:
    """Return the labels of a *line* from position *at*, and the position after them."""
    labels: dict[str, str] = {}
    while not (end := _END_OF_LABELS.match(line, at)):
        label = _LABEL.match(line, at)
        if label is None:
            raise FileRejected(NOT_A_LABEL.format(text=shown(line[at:])))
        if label["name"].startswith("__"):
            raise FileRejected(RESERVED_LABEL.format(label=visible(label["name"])))
        if label["name"] in labels:
            raise FileRejected(DUPLICATE_LABEL.format(label=visible(label["name"])))
        labels[label["name"]] = _unescaped(label["value"], _IN_LABELS)
        at = label.end()
    return labels, end.end()


def _parse_value(text: str) -> str:
    """Return a valid value, as the page shows it."""
    value, *more = _BLANKS.split(text, maxsplit=2)
    if more and _parse_number(more[0]) is not None:
        raise FileRejected(TIMESTAMP)
    if more:
        raise FileRejected(TEXT_AFTER_VALUE.format(text=shown(more[0])))
    number = _parse_number(value)
    if number is None:
        raise FileRejected(NOT_A_NUMBER.format(text=shown(value)))
    return value if math.isfinite(number) else _NOT_FINITE[value[0].lower()]


def _parse_number(text: str) -> float | None:
    """Return *text* as a number; None if it is invalid or too large for a float."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    # Go rejects 1e999; Python parses it as infinity.
    return None if math.isinf(number) and text[-1].isdecimal() else number


def _check_sample(metric: FileMetric, name: str, labels: Mapping[str, str]) -> None:
    """Check the name and labels of a sample against the type of its *metric*."""
    suffix = name[len(metric.name) :]
    if suffix not in _SUFFIXES[metric.type]:
        names = ", ".join(map(visible, metric.names()[1:]))
        raise FileRejected(WRONG_SUFFIX.format(name=visible(name), type=metric.type, names=names))
    bounded, label = _BOUND.get(metric.type, (None, ""))
    if suffix == bounded:
        bound = _parse_number(labels.get(label, ""))
        if bound is None or math.isnan(bound):
            raise FileRejected(NO_BOUND.format(name=visible(name), type=metric.type, label=label))
    elif label in labels:
        raise FileRejected(
            BOUND_IN_WRONG_SAMPLE.format(name=visible(name), type=metric.type, label=label)
        )


def _unescaped(text: str, escapes: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match[0] not in escapes:
            raise FileRejected(INVALID_ESCAPE.format(escape=match[0]))
        return escapes[match[0]]

    return _ESCAPE.sub(replacement, text) if "\\" in text else text


def _rendered(name: str, labels: Mapping[str, str]) -> str:
    text = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{text}}}" if text else name


def _series(name: str, labels: Mapping[str, str], rendered: str) -> str:
    """Return the identity of a series: labels sorted, without empty ones, which mean nothing."""
    names = sorted(labels)
    if all(labels.values()) and names == list(labels):
        return rendered
    return _rendered(name, {label: labels[label] for label in names if labels[label]})


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


class _MergedFiles:
    """The metrics of all files that don't contradict each other."""

    def __init__(self) -> None:
        self._metrics: dict[str, FileMetric] = {}
        self._owners: dict[str, str] = {}  # by the names of samples
        self._metric_files: dict[str, str] = {}
        self._series_files: dict[str, str] = {}

    def add(self, file: str, parsed: ParsedFile) -> None:
        """Add all metrics of a *parsed* file, or none.

        Raises: FileRejected if it contradicts a file added before.
        """
        for metric in parsed.values():
            self._check_names(metric)
            self._check_series(metric)
        for metric in parsed.values():
            self._add_metric(file, metric)

    def families(self) -> Iterator[Family]:
        """Yield the merged metrics."""
        for metric in self._metrics.values():
            yield Family(metric.name, metric.type, metric.help or "", tuple(metric.lines.values()))

    def _check_names(self, metric: FileMetric) -> None:
        known = self._metrics.get(metric.name)
        if known is not None and known.type != metric.type:
            file = shown(self._metric_files[metric.name])
            raise FileRejected(
                OTHER_TYPE_IN_FILE.format(
                    name=visible(metric.name), type=metric.type, other=known.type, file=file
                )
            )
        for name in metric.names():
            owner = self._owners.get(name, metric.name)
            if owner != metric.name:
                file = shown(self._metric_files[owner])
                raise FileRejected(
                    OTHER_METRIC_IN_FILE.format(
                        name=visible(name), metric=visible(owner), file=file
                    )
                )

    def _check_series(self, metric: FileMetric) -> None:
        for series in metric.lines:
            if series in self._series_files:
                file = shown(self._series_files[series])
                raise FileRejected(SERIES_IN_FILE.format(series=visible(series), file=file))

    def _add_metric(self, file: str, metric: FileMetric) -> None:
        known = self._metrics.setdefault(metric.name, FileMetric(metric.name, metric.type))
        known.help = metric.help if known.help is None else known.help
        known.lines |= metric.lines
        self._metric_files.setdefault(metric.name, file)
        self._series_files |= dict.fromkeys(metric.lines, file)
        self._owners |= dict.fromkeys(metric.names(), metric.name)
