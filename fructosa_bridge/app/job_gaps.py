"""Times in which Slurm's list of jobs was not read, as lmaster or slurmctld was away."""

from collections.abc import Sequence
from typing import NamedTuple

from ..slurm_output.records import SlurmReading

HOUR_S = 3600.0
MOST_HOURS = 24
# Clocks of lmaster and Slurm may be this far apart.
_CLOCKS_S = 60.0
# What slurmctld keeps ended jobs for, if its configuration does not say.
_MIN_JOB_AGE_S = 300.0
# While lmaster runs, sacct is not asked for less than this.
_LEAST_GAP_S = 120.0


class Gap(NamedTuple):
    """Jobs that ended between two times may not be known."""

    since_s: float
    until_s: float


class JobGaps:
    """The gaps that are not filled yet, an hour each, of one cluster.

    *known_until_s* is until when its jobs are known, None if they never were: agents keep jobs for
    a day, so that day is a gap, too.
    """

    def __init__(self, known_until_s: float | None) -> None:
        self._known_until_s = known_until_s
        self._is_first = True
        self._left: list[Gap] = []

    def see(self, reading: SlurmReading) -> Gap | None:
        """Take a reading; return the gap before it, if there is one that sacct can fill.

        While Slurm's configuration cannot be read, whether it can is not known: it is kept.
        """
        config = reading.config
        if config.version and not config.has_accounting:
            self._left.clear()
        if reading.jobs is None:
            return None
        known_s, now_s = self._known_until_s, reading.time_s
        self._known_until_s = now_s
        is_first, self._is_first = self._is_first, False
        gap = Gap(now_s - MOST_HOURS * HOUR_S if known_s is None else known_s, now_s)
        longest_s = _MIN_JOB_AGE_S if config.min_job_age_s is None else config.min_job_age_s
        if not is_first:
            longest_s = max(longest_s, _LEAST_GAP_S)
        is_none = gap.until_s - gap.since_s <= longest_s
        if is_none or (config.version and not config.has_accounting):
            return None
        self._left += _hours(gap)
        return gap if config.has_accounting else None

    @property
    def known_until_s(self) -> float | None:
        """Until when all jobs are known: until the first gap that is left."""
        return self._left[0].since_s if self._left else self._known_until_s

    def left(self, now_s: float) -> Sequence[Gap]:
        """Return what is to be filled, the oldest first: not what is older than a day."""
        self._left = [gap for gap in self._left if gap.until_s > now_s - (MOST_HOURS + 1) * HOUR_S]
        return list(self._left)

    def filled(self, gap: Gap) -> None:
        """Forget a gap."""
        self._left = [one for one in self._left if one != gap]


def _hours(gap: Gap) -> list[Gap]:
    """Return a gap in steps of an hour, the oldest first: at most the last day."""
    since_s = max(gap.since_s - _CLOCKS_S, gap.until_s - MOST_HOURS * HOUR_S)
    found = []
    while since_s < gap.until_s:
        until_s = min(since_s + HOUR_S, gap.until_s)
        found.append(Gap(since_s, until_s))
        since_s = until_s
    return found
