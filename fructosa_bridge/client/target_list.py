"""What a running lmaster says of its targets: read, and as a table for a terminal."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fructosa_service.config.kinds import ENDPOINT
from fructosa_service.errors import visible
from fructosa_service.humanize import age

STATES = ("down", "waiting", "up")
_HEAD = ("STATE", "TARGET", "GROUP", "LAST", "SAMPLES", "ERROR")


@dataclass(frozen=True)
class Line:
    """A target as lmaster tells it; *told* is all that it tells, for programs."""

    state: str
    name: str
    group: str
    last_scrape_s: float | None
    samples: int
    error: str
    told: dict[str, Any]

    @property
    def host(self) -> str:
        """The node."""
        return ENDPOINT.parse(self.name).host


def read(text: str) -> list[Line]:
    """Return the targets in an answer, those that are down first.

    Raises: ValueError when it is something else.
    """
    try:
        lines = [_line(told) for told in json.loads(text)["targets"]]
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError("what it says is no list of targets") from error
    return sorted(lines, key=lambda line: STATES.index(line.state))


def _line(told: dict[str, Any]) -> Line:
    due_s = told["last_scrape_s"]
    line = Line(
        state=STATES[STATES.index(told["state"])],
        name=visible(str(told["name"])),
        group=visible(str(told["group"])),
        last_scrape_s=None if due_s is None else float(due_s),
        samples=int(told["samples"]),
        error=_in_one_line(str(told["error"] or "")),
        told=dict(told),
    )
    ENDPOINT.parse(line.name)
    return line


def _in_one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def table(lines: Sequence[Line], now_s: float) -> Iterator[str]:
    """Return the rows of a table of targets."""
    rows = [_HEAD, *(_cells(line, now_s) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for state, name, group, last, samples, error in rows:
        yield (
            f"{state:{widths[0]}}  {name:{widths[1]}}  {group:{widths[2]}}  "
            f"{last:>{widths[3]}}  {samples:>{widths[4]}}  {error}"
        ).rstrip()


def _cells(line: Line, now_s: float) -> tuple[str, ...]:
    last = "" if line.last_scrape_s is None else age(now_s - line.last_scrape_s)
    return line.state, line.name, line.group, last, str(line.samples), line.error
