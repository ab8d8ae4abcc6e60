"""Errors that end a command with a message instead of a traceback."""

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from . import __version__

DID_YOU_MEAN = "; did you mean {name}?"
USE_ONE_OF = "; use one of {names}"
CAN_NOT_BE_READ = "cannot be read: {reason}; check the path and its permissions"
TOO_LARGE = "is larger than {limit} bytes; check the path"
REQUIRES = "requires {missing}; set both, or neither"

_TEXT_LIMIT = 80
_CUT_BEFORE = 1000  # the end of a password may be far away
# A file with more mistakes is probably not a configuration file at all.
_PROBLEM_LIMIT = 100


HIDDEN = "…"

_SPACES = re.compile(r"(\s+)")
_SECRET_IN_QUERY = re.compile(
    r"\b(passw\w{0,8}|\w{0,16}token|secret|(?:api.?)?key|auth\w{0,16})=[^\s&#'\"]+", re.IGNORECASE
)
_SECRET_WORD = re.compile(r"passw(or)?d|token|secret|bearer|api.?key", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """Return *text* without the passwords and tokens of URLs in it."""
    if "@" in text:
        text = "".join(map(_without_password, _SPACES.split(text)))
    return _SECRET_IN_QUERY.sub(rf"\1={HIDDEN}", text) if "=" in text else text


def _without_password(word: str) -> str:
    """Hide what is between ``user:`` and ``@host``; ``@slurm:gpu,@slurm:x`` are groups."""
    before, at, host = word.rpartition("@")
    scheme, slashes, user = before.partition("://") if "://" in before else ("", "", before)
    name, colon, _ = user.partition(":")
    is_user = bool(at and colon and (slashes or "@" not in name))
    return f"{scheme}{slashes}{name}:{HIDDEN}@{host}" if is_user else word


def shown_line(line: str) -> str:
    """Return a *line* of a file in quotes for a message, but nothing after the word password."""
    found = _SECRET_WORD.search(line)
    return shown(line if found is None else f"{line[: found.end()]} {HIDDEN}")


def shown_value(key: str, text: str) -> str:
    """Return what a *key* is set to in quotes for a message, without what may be a secret."""
    if _SECRET_WORD.search(key) or "PRIVATE KEY" in text:
        return shown(HIDDEN)
    name, colon, _ = text.partition(":")
    return shown(f"{name}:{HIDDEN}" if colon and key.lower().startswith("user") else text)


def shown(text: str) -> str:
    """Return *text* in quotes for a message, cut if it is long."""
    return repr(_cut(text))


def visible(name: str) -> str:
    """Return *name* for a message, cut if it is long, quoted if it has unprintable characters."""
    cut = _cut(name)
    return cut if cut.isprintable() else ascii(cut)


def visible_path(path: object) -> str:
    """Return a path for a message, quoted if it has unprintable characters.

    It is never cut: its end is what tells files apart, and the kernel limits its length.
    """
    text = str(path)
    return text if text.isprintable() else ascii(text)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean NAME?`` for the known name most similar to *name*, or nothing."""
    by_lower = {one.lower(): one for one in known}
    matches = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return DID_YOU_MEAN.format(name=by_lower[matches[0]]) if matches else ""


def pip_install(extra: str) -> str:
    """Return the command that adds an *extra* of FrUCToSA to the Python that runs.

    Without a version, pip might install FrUCToSA 0.3 from an index.
    """
    release = __version__.rpartition(".")[0]
    return f"{sys.executable} -m pip install 'FrUCToSA[{extra}]>={release}'"


def _cut(text: str) -> str:
    text = without_secrets(text[:_CUT_BEFORE])
    return text if len(text) <= _TEXT_LIMIT else f"{text[: _TEXT_LIMIT - 1]}…"


class ServiceError(Exception):
    """Something outside the program keeps it from running; the message says what to do."""


class UsageError(Exception):
    """A command line that can't be executed; the message says what to write."""


class FileError(Exception):
    """A file that can't be read, or whose content is wrong; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a configuration file, and where it is."""

    message: str
    line: int | None = None
    section: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        where = [] if self.section is None else [f"[{visible(self.section)}]"]
        if self.key is not None:
            where.append(visible(self.key))
        return " ".join(where) + (": " if where else "") + self.message


class ConfigError(Exception):
    """A configuration file that can't be used, with all its problems."""

    def __init__(self, filename: str, problems: Sequence[Problem]) -> None:
        self.filename = filename
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(filename, self.problems)

    def __str__(self) -> str:
        lines = [self._line(problem) for problem in self.problems[:_PROBLEM_LIMIT]]
        if more := len(self.problems) - len(lines):
            lines.append(f"{self.filename}: and {more} more problems")
        return "\n".join(lines)

    def _line(self, problem: Problem) -> str:
        line = "" if problem.line is None else f":{problem.line}"
        return f"{self.filename}{line}: {problem}"


class KeyProblem(ValueError):
    """Settings that contradict each other; raised by a settings class for one of its keys."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


def check_pair(**settings: object) -> None:
    """Raise KeyProblem if only one of two *settings* is set; underscores are spaces in their keys.

    A setting that is None is not set.
    """
    missing = [name.replace("_", " ") for name, value in settings.items() if value is None]
    given = [name.replace("_", " ") for name, value in settings.items() if value is not None]
    if missing and given:
        raise KeyProblem(given[0], REQUIRES.format(missing=missing[0]))
