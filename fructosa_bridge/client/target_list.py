"""The targets in a response of a running lmaster, and their table for a terminal."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fructosa_service.config.kinds import ENDPOINT
from fructosa_service.errors import visible
from fructosa_service.humanize import age, date

from ..scrape.target_state import clock_text

STATES = ("down", "waiting", "up")
_HEAD = ("STATE", "TARGET", "GROUP", "SLURM", "SINCE", "LAST", "SAMPLES", "PROBLEM")
_SLURM = slice(3, 5)  # the columns that only a cluster with Slurm needs
_MOST_OF_REASON = 40


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
    slurm_state: str
    slurm_reason: str
    slurm_since_s: float | None
    is_expected: bool
    fields: dict[str, Any]

    @property
    def identity(self) -> str:
        """What identifies it among all targets, as Target.identity does."""
        return f"{self.group}/{self.name}"

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
    due_s, since_s = fields["last_scrape_s"], fields.get("slurm_since_s")
    target = ListedTarget(
        state=STATES[STATES.index(fields["state"])],
        name=visible(str(fields["name"])),
        group=visible(str(fields["group"])),
        last_scrape_s=None if due_s is None else float(due_s),
        samples=int(fields["samples"]),
        problem=_problem(fields["error"] or fields.get("warning"), fields.get("clock_off_s")),
        # An lmaster of before has none of these.
        slurm_state=printable(fields.get("slurm_state") or ""),
        slurm_reason=printable(fields.get("slurm_reason") or ""),
        slurm_since_s=None if since_s is None else float(since_s),
        is_expected=bool(fields.get("is_expected", True)),
        fields=dict(fields),
    )
    ENDPOINT.parse(target.name)
    return target


def _problem(error: object, clock_off_s: object) -> str:
    """Return what is wrong with a target; an lmaster of another version has no clocks."""
    if error:
        return printable(error)
    return clock_text(clock_off_s if isinstance(clock_off_s, float | int) else None)


def printable(value: object) -> str:
    """Return a value as text in one line, without what would control a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value))


def table(targets: Sequence[ListedTarget], now_s: float) -> Iterator[str]:
    """Return the lines of a table of targets; what Slurm says only if it says something."""
    rows = [list(_HEAD), *(_cells(target, now_s) for target in targets)]
    if not any(target.slurm_state for target in targets):
        for row in rows:
            del row[_SLURM]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    for row in rows:
        cells = map(str.ljust, row, widths)
        # The numbers before the problem are aligned to the right.
        *texts, _, _, problem = cells
        numbers = map(str.rjust, row[-3:-1], widths[-3:-1])
        yield "  ".join((*texts, *numbers, problem)).rstrip()


def _cells(target: ListedTarget, now_s: float) -> list[str]:
    last = "" if target.last_scrape_s is None else age(now_s - target.last_scrape_s)
    since = "" if target.slurm_since_s is None else date(target.slurm_since_s, now_s)
    slurm = target.slurm_state.replace("_", " ")
    if reason := target.slurm_reason:
        is_long = len(reason) > _MOST_OF_REASON
        slurm += f": {reason[: _MOST_OF_REASON - 1]}…" if is_long else f": {reason}"
    number = str(target.samples)
    return [target.state, target.name, target.group, slurm, since, last, number, target.problem]
