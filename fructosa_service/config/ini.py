"""Parser of INI text into sections and entries that know their line.

The dialect is that of configparser in the standard library, which read the files of FrUCToSA 0.x:
``key = value`` or ``key: value``; continuation lines are indented deeper than their key; comments
begin with ``#`` or ``;``, also after a value and a space. configparser itself does not report line
numbers and stops at the first duplicate, but errors should name their line, and all at once.
"""

import re
from dataclasses import dataclass, field

from ..errors import Problem, shown_line, visible

NOT_A_HEADER = "is not a valid section header; write [name]"
NOT_A_SETTING = "is not a setting; write key = value"
BEFORE_SECTIONS = "is before the first section; write a [name] above it"
DUPLICATE_SECTION = "appears twice; keep one of the two sections"
DUPLICATE_KEY = "is set twice in this section; keep one of the two lines"

_HEADER = re.compile(r"\[(?P<name>[^\]]*)\]$")
_ENTRY = re.compile(r"(?P<key>[^=:]*)[=:]\s*(?P<text>.*)$")
_COMMENT = re.compile(r"(^|\s)[#;].*$")


@dataclass
class Entry:
    """One ``key = text``; a longer text has several *lines*. *line* is where it begins."""

    key: str
    lines: list[str]
    line: int

    @property
    def text(self) -> str:
        """Its lines, joined by newlines."""
        return "\n".join(self.lines).strip()


@dataclass
class Section:
    """One ``[name]`` and its entries, in the order of the file."""

    name: str
    line: int
    entries: list[Entry] = field(default_factory=list)


class _SectionParser:
    """The state between two lines: the open section, the open entry and its indent."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.problems: list[Problem] = []
        self._names: set[str] = set()
        self._keys: set[str] = set()
        self._entry: Entry | None = None
        self._indent = 0

    def line(self, number: int, raw: str) -> None:
        indent = len(raw) - len(raw.lstrip())
        text = _COMMENT.sub("", raw).strip()
        if not text:
            return
        if self._entry is not None and indent > self._indent:
            self._entry.lines.append(text)
        elif text.startswith("["):
            self._header(number, text)
        else:
            self._key(number, text, indent)

    def _header(self, number: int, text: str) -> None:
        self._entry = None
        match = _HEADER.match(text)
        name = match["name"].strip() if match else ""
        if not name:
            self._problem(number, f"{shown_line(text)} {NOT_A_HEADER}")
        elif name in self._names:
            self._problem(number, f"[{visible(name)}] {DUPLICATE_SECTION}")
        # A duplicate or invalid header opens a section too, so that its entries are checked.
        self.sections.append(Section(name, number))
        self._names.add(name)
        self._keys = set()

    def _key(self, number: int, text: str, indent: int) -> None:
        match = _ENTRY.match(text)
        key = match["key"].rstrip() if match else ""
        self._entry = None
        if not self.sections:
            self._problem(number, f"{shown_line(text)} {BEFORE_SECTIONS}")
        elif match is None or not key:
            self._problem(number, f"{shown_line(text)} {NOT_A_SETTING}")
        else:
            self._add(Entry(key, [match["text"]], number), indent)

    def _add(self, entry: Entry, indent: int) -> None:
        section = self.sections[-1]
        if entry.key.lower() in self._keys:
            self.problems.append(
                Problem(message=DUPLICATE_KEY, line=entry.line, section=section.name, key=entry.key)
            )
        else:
            self._keys.add(entry.key.lower())
            section.entries.append(entry)
        self._entry, self._indent = entry, indent

    def _problem(self, number: int, message: str) -> None:
        self.problems.append(Problem(message=message, line=number))


def parse(text: str) -> tuple[list[Section], list[Problem]]:
    """Return the sections of an INI *text*, and its syntax errors."""
    parser = _SectionParser()
    for number, raw in enumerate(text.split("\n"), start=1):
        parser.line(number, raw)
    return [section for section in parser.sections if section.name], parser.problems


def value(text: str, section: str, key: str) -> str | None:
    """Return what *key* is set to in a *section*, whatever else is wrong in the *text*."""
    found = None
    for one in parse(text)[0]:
        for entry in one.entries:
            if one.name.lower() == section and entry.key.lower() == key:
                found = entry.text
    return found
