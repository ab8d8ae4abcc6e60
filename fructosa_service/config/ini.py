"""INI text into sections and entries that know their line.

The dialect is that of the standard library's configparser, in which files for FrUCToSA 0.x are
written: ``key = value`` or ``key: value``, continuation lines that are indented deeper than
their key, comments with ``#`` or ``;`` (behind a value too, after a space). configparser itself
forgets the line numbers and stops at the first duplicate; a configuration error should name its
line, and all of them should be shown at once.
"""

import re
from dataclasses import dataclass, field

from ..errors import Problem, shown, visible

_HEADER = re.compile(r"\[(?P<name>[^\]]*)\]$")
_ENTRY = re.compile(r"(?P<key>[^=:]*)[=:]\s*(?P<text>.*)$")
_COMMENT = re.compile(r"(^|\s)[#;].*$")


@dataclass
class Entry:
    """One ``key = text``; the lines of a longer text are joined by newlines."""

    key: str
    text: str
    line: int


@dataclass
class Section:
    """One ``[name]`` and its entries, in the order of the file."""

    name: str
    line: int
    entries: list[Entry] = field(default_factory=list)


class _Reader:
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
            self._entry.text = f"{self._entry.text}\n{text}".strip()
        elif text.startswith("["):
            self._header(number, text)
        else:
            self._key(number, text, indent)

    def _header(self, number: int, text: str) -> None:
        self._entry = None
        match = _HEADER.match(text)
        name = match["name"].strip() if match else ""
        if not name:
            self._problem(number, f"{shown(text)} is no section header; write [name]")
        elif name in self._names:
            self._problem(number, f"[{visible(name)}] stands twice; keep one of the two sections")
        # A repeated or broken header opens a section too: its entries are checked all the same.
        self.sections.append(Section(name, number))
        self._names.add(name)
        self._keys = set()

    def _key(self, number: int, text: str, indent: int) -> None:
        match = _ENTRY.match(text)
        key = match["key"].rstrip() if match else ""
        self._entry = None
        if not self.sections:
            self._problem(
                number, f"{shown(text)} stands before the first section; write [name] above"
            )
        elif match is None or not key:
            self._problem(number, f"{shown(text)} is no setting; write key = value")
        else:
            self._add(Entry(key, match["text"], number), indent)

    def _add(self, entry: Entry, indent: int) -> None:
        section = self.sections[-1]
        if entry.key.lower() in self._keys:
            message = "is set twice in this section; keep one of the two lines"
            self.problems.append(
                Problem(message=message, line=entry.line, section=section.name, key=entry.key)
            )
        else:
            self._keys.add(entry.key.lower())
            section.entries.append(entry)
        self._entry, self._indent = entry, indent

    def _problem(self, number: int, message: str) -> None:
        self.problems.append(Problem(message=message, line=number))


def parse(text: str) -> tuple[list[Section], list[Problem]]:
    """Return the sections of an INI *text*, and what is wrong with its syntax."""
    reader = _Reader()
    for number, raw in enumerate(text.split("\n"), start=1):
        reader.line(number, raw)
    return [section for section in reader.sections if section.name], reader.problems
