"""The targets in a response of a running lmaster, and their table for a terminal."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fructosa_service.config.kinds import ENDPOINT
from fructosa_service.errors import visible
from fructosa_service.humanize import age

from ..scrape.target_state import clock_text

STATES = ("down", "waiting", "up")
_HEAD = ("STATE", "TARGET", "GROUP", "LAST", "SAMPLES", "PROBLEM")


@dataclass(frozen=True)
class ListedTarget:
    """A target of lmaster; *fields* are all that lmaster reports of it.

    Its *problem* is the error of its last scrape, or that its clock is off.
    """

    state: str
    name: str
    group: str
    last_scrape_s: float | None
    samples: int
    problem: str
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
        problem=_problem(fields["error"], fields.get("clock_off_s")),
        fields=dict(fields),
    )
    ENDPOINT.parse(target.name)
    return target


def _problem(error: object, clock_off_s: object) -> str:
    """Return what is wrong with a target; an lmaster of another version has no clocks."""
    if error:
        return _printable(str(error))
    return clock_text(clock_off_s if isinstance(clock_off_s, float | int) else None)


def _printable(text: str) -> str:
    """Return *text* in one line, without what would control a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def table(targets: Sequence[ListedTarget], now_s: float) -> Iterator[str]:
    """Return the lines of a table of targets."""
    rows = [_HEAD, *(_cells(target, now_s) for target in targets)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for state, name, group, last, samples, problem in rows:
        yield (
            f"{state:{widths[0]}}  {name:{widths[1]}}  {group:{widths[2]}}  "
            f"{last:>{widths[3]}}  {samples:>{widths[4]}}  {problem}"
        ).rstrip()


def _cells(target: ListedTarget, now_s: float) -> tuple[str, ...]:
    last = "" if target.last_scrape_s is None else age(now_s - target.last_scrape_s)
    return target.state, target.name, target.group, last, str(target.samples), target.problem
