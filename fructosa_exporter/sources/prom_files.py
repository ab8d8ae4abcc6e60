"""Files of the Prometheus text format 0.0.4 into families: strict, and merged into one page.

What a file holds is written anew, so that the page parses whatever spacing or order the file had.
Of the format's leeway these are refused: timestamps, control characters (CR LF among them), and
names that two metrics share. Source:
https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fructosa_exporter.metrics import Family
from fructosa_service.errors import shown, visible

# What the names of a metric's samples add to its own name.
_SUFFIXES = {
    "counter": ("",),
    "gauge": ("",),
    "untyped": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("", "_sum", "_count"),
}
# The label that holds a number on samples of one suffix, and stands on no others.
_BOUND = {"histogram": ("_bucket", "le"), "summary": ("", "quantile")}
_OWN_PREFIX = "fructosa_"

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# Possessive, so that a long line that is wrong costs no more than one that is right.
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
# What both Go and Python read. Go alone knows hexadecimals, Python alone 1_000 and +nan.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?|[+-]?inf(?:inity)?|nan",
    re.ASCII | re.IGNORECASE,
)
_NOT_FINITE = {"n": "NaN", "i": "+Inf", "+": "+Inf", "-": "-Inf"}


class FileRejected(Exception):
    """A file is not shown; the text says what is wrong, where, and what to do."""


@dataclass
class FileMetric:
    """A metric of one file: its type and help where they are told, and its lines by series."""

    name: str
    told_type: str | None = None
    help: str | None = None
    lines: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The type; untyped where none is told."""
        return self.told_type or "untyped"

    def names(self) -> list[str]:
        """Return its own name and those of its samples."""
        return [self.name, *(self.name + suffix for suffix in _SUFFIXES[self.type] if suffix)]


ParsedFile = Mapping[str, FileMetric]


def parse_file(content: bytes) -> ParsedFile:
    """Return the metrics of a file, by name; those without samples are left out.

    Raises: FileRejected with the first line that is wrong.
    """
    groups = _FileParser()
    for number, line in enumerate(_text(content).split("\n"), 1):
        try:
            groups.take(line.strip(" \t"))
        except FileRejected as reason:
            raise FileRejected(f"line {number}: {reason}") from None
    return {name: group for name, group in groups.by_name.items() if group.lines}


def merge_files(files: Mapping[str, ParsedFile]) -> tuple[tuple[Family, ...], dict[str, str]]:
    """Return the families of all *files*, and by file why one is left out.

    A file that contradicts those before it is left out as a whole.
    """
    whole = _MergedFiles()
    refused = {}
    for file, parsed in files.items():
        try:
            whole.take(file, parsed)
        except FileRejected as reason:
            refused[file] = str(reason)
    return tuple(whole.families()), refused


def _text(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileRejected(f"line {line}: is no UTF-8; write the file in UTF-8") from None
    if control := _CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        if control[0] == "\r":
            raise FileRejected(f"line {line}: has a carriage return; end lines with LF alone")
        raise FileRejected(f"line {line}: has the control character {control[0]!r}; leave it out")
    return text


class _FileParser:
    """The metrics of one file, while it is parsed."""

    def __init__(self) -> None:
        self.by_name: dict[str, FileMetric] = {}
        self._owners: dict[str, FileMetric] = {}  # by each name that its samples may have

    def take(self, line: str) -> None:
        """Take a stripped *line*."""
        if not line.startswith("#"):
            if line:
                self._take_sample(line)
        elif head := _HEAD.fullmatch(line):
            name, text = _head(head)
            take = self._take_help if head["word"] == "HELP" else self._take_type
            take(self._group(name), text)

    def _take_help(self, group: FileMetric, text: str) -> None:
        if group.help is not None:
            raise FileRejected(f"HELP of {visible(group.name)} is there twice; write it once")
        group.help = _unescaped(text, _IN_HELP)

    def _take_type(self, group: FileMetric, text: str) -> None:
        if text not in _SUFFIXES:
            raise FileRejected(f"{shown(text)} is no type; write one of {', '.join(_SUFFIXES)}")
        if group.told_type is not None:
            raise FileRejected(f"TYPE of {visible(group.name)} is there twice; write it once")
        if group.lines:
            raise FileRejected(
                f"TYPE of {visible(group.name)} follows its samples; write it before them"
            )
        group.told_type = text
        for name in group.names():
            self._claim(name, group)

    def _take_sample(self, line: str) -> None:
        name, labels, value = _sample(line)
        group = self._owners.get(name) or self._group(name)
        _check_role(group, name, labels)
        rendered = _rendered(name, labels)
        series = _series(name, labels, rendered)
        if series in group.lines:
            raise FileRejected(f"{visible(series)} is there twice; write each series once")
        group.lines[series] = f"{rendered} {value}"

    def _group(self, name: str) -> FileMetric:
        group = self.by_name.get(name) or FileMetric(name)
        self._claim(name, group)
        return self.by_name.setdefault(name, group)

    def _claim(self, name: str, group: FileMetric) -> None:
        if name.startswith(_OWN_PREFIX):
            raise FileRejected(f"{visible(name)} is a name of the agent's own; choose another one")
        owner = self._owners.setdefault(name, group)
        if owner is not group:
            both = f"{visible(owner.name)} and {visible(group.name)}"
            raise FileRejected(f"{visible(name)} belongs to both {both}; rename one of them")


def _head(head: re.Match[str]) -> tuple[str, str]:
    """Return the name and the text of a HELP or TYPE."""
    word = head["word"]
    if not head["blank"]:  # a comment to some readers, but not to all
        raise FileRejected(f"has #{word} in one word; write '# {word}'")
    name, *text = _BLANKS.split(head["rest"] or "", maxsplit=1)
    if not _NAME.fullmatch(name):
        raise FileRejected(f"{word} of no metric; write e.g. '# {word} NAME {_EXAMPLES[word]}'")
    return name, "".join(text)


def _sample(line: str) -> tuple[str, dict[str, str], str]:
    """Return name, labels and value of a *line*."""
    name = _NAME.match(line)
    if name is None:
        raise FileRejected(f"{shown(line)} is no sample; write e.g. 'name{{label=\"text\"}} 1'")
    labels: dict[str, str] = {}
    end = name.end()
    blank = _BLANKS.match(line, end)
    at = blank.end() if blank else end
    if line.startswith("{", at):
        labels, at = _labels(line, at + 1)
    elif blank is None:
        raise FileRejected(f"{shown(line)} has no value; write a name, a blank and a number")
    return name[0], labels, _value(line[at:].lstrip(" \t"))


def _labels(line: str, at: int) -> tuple[dict[str, str], int]:
    """Return the labels whose names begin *at* a place, and where they end."""
    labels: dict[str, str] = {}
    while not (end := _END_OF_LABELS.match(line, at)):
        label = _LABEL.match(line, at)
        if label is None:
            raise FileRejected(f'{shown(line[at:])} is no label; write e.g. label="text"')
        if label["name"].startswith("__"):
            raise FileRejected(
                f"label {visible(label['name'])} is Prometheus's own; choose another name"
            )
        if label["name"] in labels:
            raise FileRejected(f"label {visible(label['name'])} is there twice; write it once")
        labels[label["name"]] = _unescaped(label["value"], _IN_LABELS)
        at = label.end()
    return labels, end.end()


def _value(text: str) -> str:
    """Return a value as the page shows it."""
    value, *more = _BLANKS.split(text, maxsplit=2)
    if more and _number(more[0]) is not None:
        raise FileRejected(
            "has a timestamp; write the line without it, the time is that of the scrape"
        )
    if more:
        raise FileRejected(f"has {shown(more[0])} after its value; leave it out")
    number = _number(value)
    if number is None:
        raise FileRejected(f"{shown(value)} is no number; write e.g. 1, 0.5, 1e9, NaN or +Inf")
    return value if math.isfinite(number) else _NOT_FINITE[value[0].lower()]


def _number(text: str) -> float | None:
    """Return the number that *text* is; None for none, or one beyond all floats."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    # Go refuses 1e999, Python takes it for infinite.
    return None if math.isinf(number) and text[-1].isdecimal() else number


def _check_role(group: FileMetric, name: str, labels: Mapping[str, str]) -> None:
    """Refuse what a sample of a histogram or summary may not be."""
    suffix = name[len(group.name) :]
    if suffix not in _SUFFIXES[group.type]:
        names = ", ".join(map(visible, group.names()[1:]))
        raise FileRejected(
            f"{visible(name)} is a {group.type}, whose samples are {names}; write those"
        )
    bounded, label = _BOUND.get(group.type, (None, ""))
    if suffix == bounded:
        bound = _number(labels.get(label, ""))
        if bound is None or math.isnan(bound):
            raise FileRejected(
                f"{visible(name)} of a {group.type} needs a label {label} that is a number"
            )
    elif label in labels:
        raise FileRejected(f"{visible(name)} of a {group.type} has no label {label}; leave it out")


def _unescaped(text: str, escapes: Mapping[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] not in escapes:
            raise FileRejected(f"has {match[0]}, which means nothing; write a backslash as \\\\")
        return escapes[match[0]]

    return _ESCAPE.sub(one, text) if "\\" in text else text


def _rendered(name: str, labels: Mapping[str, str]) -> str:
    text = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{text}}}" if text else name


def _series(name: str, labels: Mapping[str, str], rendered: str) -> str:
    """Return what tells a series from others: order doesn't, and an empty label is none."""
    names = sorted(labels)
    if all(labels.values()) and names == list(labels):
        return rendered
    return _rendered(name, {label: labels[label] for label in names if labels[label]})


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


class _MergedFiles:
    """The metrics of all files that agree."""

    def __init__(self) -> None:
        self._groups: dict[str, FileMetric] = {}
        self._owners: dict[str, str] = {}  # by each name that its samples may have
        self._metric_files: dict[str, str] = {}
        self._series_files: dict[str, str] = {}

    def take(self, file: str, parsed: ParsedFile) -> None:
        """Take all of a *parsed* file, or nothing."""
        for group in parsed.values():
            self._check_names(group)
            self._check_series(group)
        for group in parsed.values():
            self._add(file, group)

    def families(self) -> Iterator[Family]:
        """Yield what was taken."""
        for group in self._groups.values():
            yield Family(group.name, group.type, group.help or "", tuple(group.lines.values()))

    def _check_names(self, group: FileMetric) -> None:
        there = self._groups.get(group.name)
        if there is not None and there.type != group.type:
            file = shown(self._metric_files[group.name])
            types = f"{group.type}, but {there.type} in {file}"
            raise FileRejected(f"{visible(group.name)} is {types}; write one TYPE")
        for name in group.names():
            owner = self._owners.get(name, group.name)
            if owner != group.name:
                file = shown(self._metric_files[owner])
                raise FileRejected(
                    f"{visible(name)} belongs to {visible(owner)} in {file}; rename one of them"
                )

    def _check_series(self, group: FileMetric) -> None:
        for series in group.lines:
            if series in self._series_files:
                file = shown(self._series_files[series])
                raise FileRejected(
                    f"{visible(series)} is in {file} too; write each series to one file"
                )

    def _add(self, file: str, group: FileMetric) -> None:
        there = self._groups.setdefault(group.name, FileMetric(group.name, group.type))
        there.help = group.help if there.help is None else there.help
        there.lines |= group.lines
        self._metric_files.setdefault(group.name, file)
        self._series_files |= dict.fromkeys(group.lines, file)
        self._owners |= dict.fromkeys(group.names(), group.name)
