"""Configuration files checked against their declarations; all errors are reported at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ..errors import (
    CAN_NOT_BE_READ,
    TOO_LARGE,
    USE_ONE_OF,
    ConfigError,
    KeyProblem,
    Problem,
    did_you_mean,
    shown,
    shown_value,
)
from . import ini
from .settings import Option, SectionType, options_of

T = TypeVar("T")

UNKNOWN_SECTION = "unknown section"
UNKNOWN_NAME = "unknown name"
UNKNOWN_KEY = "unknown key"
MISSING = "is missing; write {key} = {example}"
INVALID_SECTION = "is not a valid section name; write"
TWO_SPELLINGS = "appears twice, in two spellings; keep one of the two sections"
OBSOLETE = (
    "what only FrUCToSA 0.x had here is ignored; remove it, unless the other program reads this "
    "file too"
)
UNKNOWN_IN_OLD = "unknown, and ignored as in 0.x"
NOT_INHERITED = "is not supported; write its keys into the sections that need them"
NOT_UTF_8 = "is not UTF-8 text; save the file as UTF-8"
NUL_BYTE = "contains a NUL byte; save the file as UTF-8 text"

# A hundred thousand nodes, each with its name, need 2 MiB; /dev/zero is endless.
_LIMIT_BYTES = 16 * 1024 * 1024

# The files that were read before the process gave up root, by path.
_KEPT: dict[Path, bytes] = {}


@dataclass(frozen=True)
class Loaded:
    """The settings in a file by section name and label, and warnings about the file."""

    sections: Mapping[tuple[str, str | None], Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def one(self, name: str, settings: type[T]) -> T:
        """Return the settings of section *name*, or their defaults."""
        loaded = self.sections.get((name, None))
        return loaded if isinstance(loaded, settings) else settings()

    def has(self, name: str) -> bool:
        """Return whether the file has a section *name* without a label."""
        return (name, None) in self.sections

    def labelled(self, name: str) -> dict[str, Any]:
        """Return the settings of all sections ``[name:LABEL]`` by label."""
        return {
            label: settings
            for (section, label), settings in self.sections.items()
            if section == name and label is not None
        }


def load(path: Path, schema: Sequence[SectionType]) -> Loaded:
    """Read the file at *path*.

    Raises: ConfigError with every problem of the file, or if it can't be read.
    """
    try:
        content = _KEPT[path] if path in _KEPT else _content(path)
    except OSError as error:
        reason = error.strerror or str(error)
        message = CAN_NOT_BE_READ.format(reason=reason)
        raise ConfigError(str(path), [Problem(message=message)]) from error
    return check(_text(content, str(path)), str(path), schema)


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LIMIT_BYTES + 1)


def raw_text(path: Path) -> str:
    """Return the text of a file, whatever is wrong in it.

    Raises: OSError if it can't be read.
    """
    return _content(path).decode("utf-8-sig", "replace")


def keep(path: Path) -> None:
    """Read a file for ``load``, before this process gives up the right to read it.

    Raises: OSError if it can't be read.
    """
    _KEPT[path] = _content(path)


def _text(content: bytes, filename: str) -> str:
    if len(content) > _LIMIT_BYTES:
        message = TOO_LARGE.format(limit=_LIMIT_BYTES)
        raise ConfigError(filename, [Problem(message=message)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(filename, [Problem(message=NOT_UTF_8, line=line)]) from error
    if "\0" in text:  # as in UTF-16 without a byte order mark, or from a broken disk
        line = text[: text.index("\0")].count("\n") + 1
        raise ConfigError(filename, [Problem(message=NUL_BYTE, line=line)])
    return text


def check(text: str, filename: str, schema: Sequence[SectionType]) -> Loaded:
    """Return the settings in *text*; *filename* is only for messages.

    Raises: ConfigError with every problem.
    """
    sections, problems = ini.parse(text)
    checker = _Checker(schema, problems)
    for section in sections:
        checker.section(section)
    checker.end()
    if problems:
        raise ConfigError(filename, problems)
    return Loaded(checker.loaded, tuple(checker.warnings(filename)))


class _Checker:
    """Collects settings and problems over the sections of one file.

    A file of FrUCToSA 0.x is one with a section or key that only 0.x had. As in 0.x, names that are
    unknown do not make it invalid: a sensor that a site had added, or misspelled.
    """

    def __init__(self, schema: Sequence[SectionType], problems: list[Problem]) -> None:
        self.loaded: dict[tuple[str, str | None], Any] = {}
        self._types = {section_type.name.lower(): section_type for section_type in schema}
        self._problems = problems
        self._obsolete: list[str] = []
        self._unknown: list[Problem] = []
        self._names: set[str] = set()

    def end(self) -> None:
        """Decide, after the last section, whether unknown names make the file invalid."""
        if not self._obsolete:
            self._problems += self._unknown
        self._obsolete += [
            f"[{one.section}] (line {one.line}; {UNKNOWN_IN_OLD})" for one in self._unknown
        ]

    def warnings(self, filename: str) -> list[str]:
        """Return a warning that names everything that is ignored, if there is anything."""
        if not self._obsolete:
            return []
        return [f"{filename}: {OBSOLETE}: {', '.join(self._obsolete)}"]

    def section(self, section: ini.Section) -> None:
        name, colon, label = (part.strip() for part in section.name.partition(":"))
        section_type = self._types.get(name.lower())
        if section_type is None:
            return self._unknown_section(section, name)
        fits = section_type.labelled == bool(label) or section_type.may_be_labelled
        if not fits or (colon and not label):
            return self._wrong_label(section, section_type)
        settings = section_type.settings
        if settings is None:
            self._obsolete.append(f"[{section.name}] (line {section.line})")
            return None
        if isinstance(settings, Mapping):
            labels = {known.lower(): known for known in settings}
            if label.lower() not in labels:
                return self._unknown_label(section, label, settings)
            label = labels[label.lower()]
            settings = settings[label]
        identity = (section_type.name, label or None)
        # ini.py reports two sections with the same spelling.
        if identity in self.loaded and section.name not in self._names:
            self._section_problem(section, TWO_SPELLINGS)
        self._names.add(section.name)
        self.loaded[identity] = self._settings(section, section_type, settings)
        return None

    def _settings(self, section: ini.Section, declared: SectionType, settings: type) -> Any:
        options = {one.key.lower(): one for one in options_of(settings)}
        values: dict[str, Any] = {}
        before = len(self._problems)
        for entry in section.entries:
            key_option = options.get(entry.key.lower())
            if key_option is not None:
                self._value(section, entry, key_option, values)
            elif entry.key.lower() in (key.lower() for key in declared.obsolete):
                self._obsolete.append(f"[{section.name}] {entry.key} (line {entry.line})")
            else:
                self._unknown_key(section, entry, options)
        self._missing(section, options, section.entries)
        if len(self._problems) > before:
            return None
        return self._build(section, settings, values)

    def _build(self, section: ini.Section, settings: type, values: dict[str, Any]) -> Any:
        try:
            return settings(**values)
        except KeyProblem as error:
            lines = {entry.key.lower(): entry.line for entry in section.entries}
            line = lines.get(error.key.lower(), section.line)
            self._key_problem(section, error.key, line, str(error))
        return None

    def _value(
        self, section: ini.Section, entry: ini.Entry, key_option: Option, values: dict[str, Any]
    ) -> None:
        try:
            values[key_option.field_name] = key_option.kind.parse(entry.text)
        except ValueError as error:
            message = f"{shown_value(entry.key, entry.text)} {error}"
            self._key_problem(section, key_option.key, entry.line, message)

    def _missing(
        self, section: ini.Section, options: dict[str, Option], entries: Sequence[ini.Entry]
    ) -> None:
        present = {entry.key.lower() for entry in entries}
        for lower, key_option in options.items():
            if key_option.is_required and lower not in present:
                example = key_option.kind.example
                message = MISSING.format(key=key_option.key, example=example)
                self._key_problem(section, key_option.key, section.line, message)

    def _unknown_section(self, section: ini.Section, name: str) -> None:
        if name == "DEFAULT":  # configparser's, with which 0.x read its files
            return self._section_problem(section, NOT_INHERITED)
        types = [one for one in self._types.values() if one.settings is not None]
        known = [f"[{one.name}:…]" if one.labelled else f"[{one.name}]" for one in types]
        hint = did_you_mean(name, [one.name for one in types])
        hint = hint or USE_ONE_OF.format(names=", ".join(known))
        return self._section_problem(section, f"{UNKNOWN_SECTION}{hint}")

    def _wrong_label(self, section: ini.Section, section_type: SectionType) -> None:
        name = section_type.name
        right = f"[{name}:NAME]" if section_type.labelled else f"[{name}]"
        if section_type.may_be_labelled:
            right += f" or [{name}:NAME]"
        self._section_problem(section, f"{INVALID_SECTION} {right}")

    def _unknown_label(self, section: ini.Section, label: str, known: Mapping[str, type]) -> None:
        hint = did_you_mean(label, known) or USE_ONE_OF.format(names=", ".join(known))
        message = f"{UNKNOWN_NAME} {shown(label)}{hint}"
        self._unknown.append(Problem(message=message, line=section.line, section=section.name))

    def _unknown_key(
        self, section: ini.Section, entry: ini.Entry, options: Mapping[str, Option]
    ) -> None:
        keys = [known.key for known in options.values()]
        hint = did_you_mean(entry.key, keys) or USE_ONE_OF.format(names=", ".join(keys))
        self._key_problem(section, entry.key, entry.line, f"{UNKNOWN_KEY}{hint}")

    def _section_problem(self, section: ini.Section, message: str) -> None:
        self._problems.append(Problem(message=message, line=section.line, section=section.name))

    def _key_problem(self, section: ini.Section, key: str, line: int, message: str) -> None:
        self._problems.append(Problem(message=message, line=line, section=section.name, key=key))
