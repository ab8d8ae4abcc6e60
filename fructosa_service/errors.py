"""The errors that end a command with one message instead of a traceback."""

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_SHOWN = 80
# More lines tell nobody more: the file is something else than a configuration.
_MOST_PROBLEMS = 100


def shown(text: str) -> str:
    """Return *text* in quotes for a message, cut where it is long."""
    return repr(_cut(text))


def visible(name: str) -> str:
    """Return *name* for a message, cut where it is long, with escapes for what can't be seen."""
    cut = _cut(name)
    return cut if cut.isprintable() else ascii(cut)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"


class ServiceError(Exception):
    """Something outside the program keeps it from running; the text says what to do."""


class UsageError(Exception):
    """A command line that can't be carried out; the text says what to write."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a configuration file, and where it stands."""

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
    """A configuration file that can't be used, with all its problems at once."""

    def __init__(self, filename: str, problems: Sequence[Problem]) -> None:
        self.filename = filename
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(filename, self.problems)

    def __str__(self) -> str:
        lines = [self._line(problem) for problem in self.problems[:_MOST_PROBLEMS]]
        if more := len(self.problems) - len(lines):
            lines.append(f"{self.filename}: and {more} more mistakes")
        return "\n".join(lines)

    def _line(self, problem: Problem) -> str:
        line = "" if problem.line is None else f":{problem.line}"
        return f"{self.filename}{line}: {problem}"


class KeyProblem(ValueError):
    """Settings that contradict one another; raised by a settings class for one of its keys."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)
