"""What lmaster knows of a target: how its last scrape went, and totals of all of its scrapes."""

from collections import Counter
from dataclasses import dataclass, field

from fructosa_service.humanize import duration

from ..model.target import Target
from ..translate.cluster_totals import Contribution, contribution
from ..translate.translator import Translation
from .schedule import moved

CLOCK_TOLERANCE_S = 1.0
CLOCK_AHEAD = "its clock is {off} ahead"
CLOCK_BEHIND = "its clock is {off} behind"


@dataclass(slots=True)
class TargetState:
    """A target and its scrapes. Times are in seconds since 1970; *up* is None before the first.

    ``due_s``, ``duration_s``, ``samples`` and ``error`` are those of the last scrape, the other
    numbers are totals. ``down_since_s`` is when the first scrape was due that failed since the last
    successful one; None while it is up. ``missed`` counts slots without a scrape, ``not_finite``
    and ``repeated`` samples that were not stored, ``refused`` those of too many new series, by
    reason. ``contribution`` is what the last page adds to
    cluster totals.
    ``clock_off_s`` is how far the node's clock was ahead of lmaster's at the last scrape, None
    unless it is certain that the difference was more than CLOCK_TOLERANCE_S. ``warning`` is what
    was wrong with its last page, although that was used.
    """

    target: Target
    up: bool | None = None
    due_s: float | None = None
    down_since_s: float | None = None
    duration_s: float = 0.0
    seconds_total: float = 0.0
    samples: int = 0
    error: str | None = None
    scrapes: int = 0
    failures: int = 0
    missed: int = 0
    samples_total: int = 0
    not_finite: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    contribution: Contribution | None = None
    clock_off_s: float | None = None
    warning: str | None = None

    def record(
        self, due_s: float, duration_s: float, translation: Translation | None, error: str | None
    ) -> None:
        """Record the outcome of a scrape: what its page was translated to, or an *error*."""
        if error is None:
            self.down_since_s = None
        elif self.down_since_s is None:
            self.down_since_s = due_s
        self.up, self.error = error is None, error
        self.due_s, self.duration_s = due_s, duration_s
        self.seconds_total += duration_s
        self.scrapes += 1
        self.failures += error is not None
        self.samples = 0 if translation is None else translation.samples
        self.contribution, before = None, self.contribution
        if translation is None:
            return
        self.samples_total += translation.samples
        self.not_finite += translation.not_finite
        self.repeated += translation.repeated
        if translation.addends is not None:
            self.contribution = contribution(translation.addends, due_s, before)

    def clock_was_set(self, step_s: float, now_s: float) -> None:
        """Move its times after lmaster's clock was set by *step_s* to *now_s*."""
        if self.due_s is not None:
            self.due_s = moved(self.due_s, step_s, now_s)
        if self.down_since_s is not None:
            self.down_since_s = moved(self.down_since_s, step_s, now_s)


def clock_text(off_s: float | None) -> str:
    """Return how far a clock is ahead or behind, as text; empty if it is right or unknown."""
    if off_s is None:
        return ""
    return (CLOCK_AHEAD if off_s > 0 else CLOCK_BEHIND).format(off=duration(abs(off_s)))


@dataclass
class ScrapeTotals:
    """Totals over all scrapes of several targets."""

    scrapes: int = 0
    failures: int = 0
    samples: int = 0
    missed: int = 0
    not_finite: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, state: TargetState) -> None:
        """Add the totals of a target."""
        self.scrapes += state.scrapes
        self.failures += state.failures
        self.samples += state.samples_total
        self.missed += state.missed
        self.not_finite += state.not_finite
        self.repeated += state.repeated
        self.refused.update(state.refused)
        self.seconds += state.seconds_total
