"""The targets in a response of a running lmaster, and their table for a terminal."""

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
class ListedTarget:
    """A target of lmaster; *fields* are all that lmaster reports of it."""

    state: str
    name: str
    group: str
    last_scrape_s: float | None
    samples: int
    error: str
    fields: dict[str, Any]

    @property
    def host(self) -> str:
        """The node."""
        return ENDPOINT.parse(self.name).host


def parse(text: str) -> list[ListedTarget]:
    """Return the targets in a response, sorted by state, worst first.

    Raises: ValueError if it is not a list of targets.
    """
    try:
        targets = [_target(fields) for fields in json.loads(text)["targets"]]
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError("its response is not a list of targets") from error
    return sorted(targets, key=lambda target: STATES.index(target.state))


def _target(fields: dict[str, Any]) -> ListedTarget:
    due_s = fields["last_scrape_s"]
    target = ListedTarget(
        state=STATES[STATES.index(fields["state"])],
        name=visible(str(fields["name"])),
        group=visible(str(fields["group"])),
        last_scrape_s=None if due_s is None else float(due_s),
        samples=int(fields["samples"]),
        error=_printable(str(fields["error"] or "")),
        fields=dict(fields),
    )
    ENDPOINT.parse(target.name)
    return target


def _printable(text: str) -> str:
    """Return *text* in one line, without what would control a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def table(targets: Sequence[ListedTarget], now_s: float) -> Iterator[str]:
    """Return the lines of a table of targets."""
    rows = [_HEAD, *(_cells(target, now_s) for target in targets)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for state, name, group, last, samples, error in rows:
        yield (
            f"{state:{widths[0]}}  {name:{widths[1]}}  {group:{widths[2]}}  "
            f"{last:>{widths[3]}}  {samples:>{widths[4]}}  {error}"
        ).rstrip()


def _cells(target: ListedTarget, now_s: float) -> tuple[str, ...]:
    last = "" if target.last_scrape_s is None else age(now_s - target.last_scrape_s)
    return target.state, target.name, target.group, last, str(target.samples), target.error
