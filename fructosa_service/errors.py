"""The errors that end a command with one message instead of a traceback."""

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_SHOWN = 80


def shown(text: str) -> str:
    """Return *text* in quotes for a message, cut where it is long."""
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…")


class ServiceError(Exception):
    """Something outside the program keeps it from running; the text says what to do."""


class UsageError(Exception):
    """A command line that can't be carried out; the text says what to write."""


def _visible(name: str) -> str:
    """Return *name*, with escapes where the mistake is a character that can't be seen."""
    return name if name.isprintable() else ascii(name)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake in a configuration file, and where it stands."""

    message: str
    line: int | None = None
    section: str | None = None
    key: str | None = None

    def __str__(self) -> str:
        where = [] if self.section is None else [f"[{_visible(self.section)}]"]
        if self.key is not None:
            where.append(_visible(self.key))
        return " ".join(where) + (": " if where else "") + self.message


class ConfigError(Exception):
    """A configuration file that can't be used, with all its problems at once."""

    def __init__(self, filename: str, problems: Sequence[Problem]) -> None:
        self.filename = filename
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__(filename, self.problems)

    def __str__(self) -> str:
        return "\n".join(self._line(problem) for problem in self.problems)

    def _line(self, problem: Problem) -> str:
        line = "" if problem.line is None else f":{problem.line}"
        return f"{self.filename}{line}: {problem}"


class KeyProblem(ValueError):
    """Settings that contradict one another; raised by a settings class for one of its keys."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)
