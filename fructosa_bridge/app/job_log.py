"""What lmaster logs of jobs: each thing when it changes, and a bounded number of lines a minute."""

import logging
import time
from collections.abc import Callable

from ..slurm.job_advice import job_advice
from ..slurm_output.records import SlurmReading

log = logging.getLogger("lmaster.jobs")

PAGE_REFUSED = "jobs: the page of %s is refused: %s"
PAGE_ACCEPTED = "jobs: the page of %s is valid again"
MORE_PAGES = "jobs: pages of more nodes are refused or valid again; for a minute they are not named"
TOO_SLOW = "jobs: more pages come than can be read; %d were left out and are asked for again"
CLOCKS_APART = (
    "jobs: the clock of slurmctld is %.0f s %s that of this machine: what nodes say of jobs cannot "
    "be joined with what Slurm says; set both clocks, e.g. by NTP"
)
ADVICE = "jobs: %s"
CONTRADICTIONS = (
    "jobs: %d times a process was seen on a GPU that Slurm gave to another job, or to none; notes "
    "of the jobs name it: check gpu order in [jobs], and ConstrainDevices in cgroup.conf"
)

_MOST_REFUSED = 1_000  # nodes whose error is remembered
_SAY_AGAIN_S = 60.0
_MOST_NAMED = 10  # nodes a minute whose pages are refused, or valid again


class JobLog:
    """Logs, and counts pages by result in *pages*."""

    def __init__(self, interval_s: float, clock: Callable[[], float] = time.time) -> None:
        self.pages = {"ok": 0, "refused": 0}
        self._interval_s = interval_s
        self._clock = clock
        self.errors: dict[str, str] = {}  # of pages that are refused, by node
        self._named, self._named_s = 0, 0.0
        self._left_out, self._slow_s = 0, 0.0
        self._said: set[str] = set()
        self._contradictions = 0

    def accepted(self, node: str) -> None:
        """Note that the page of a node is valid."""
        self.pages["ok"] += 1
        if self.errors.pop(node, None) is not None:
            self._of_node(logging.INFO, PAGE_ACCEPTED, node)

    def refused(self, node: str, error: str) -> None:
        """Note that the page of a node is not valid: an agent may send other nonsense each time."""
        self.pages["refused"] += 1
        if self.errors.get(node) != error and len(self.errors) < _MOST_REFUSED:
            self.errors[node] = error
            self._of_node(logging.WARNING, PAGE_REFUSED, node, error)

    def _of_node(self, level: int, *message: str) -> None:
        now_s = self._clock()
        if not 0 <= now_s - self._named_s < _SAY_AGAIN_S:
            self._named, self._named_s = 0, now_s
        self._named += 1
        if self._named <= _MOST_NAMED:
            log.log(level, *message)
        elif self._named == _MOST_NAMED + 1:
            log.warning(MORE_PAGES)

    def left_out(self, pages: int) -> None:
        """Note that some pages were left out; tick() logs how many."""
        self._left_out += pages

    def tick(self) -> None:
        """Log what was noted, at most once a minute; call it every few seconds."""
        now_s = self._clock()
        if self._left_out and not 0 <= now_s - self._slow_s < _SAY_AGAIN_S:
            log.warning(TOO_SLOW, self._left_out)
            self._left_out, self._slow_s = 0, now_s

    def see(self, reading: SlurmReading) -> None:
        """Log what keeps figures of jobs from being known, once each: slurm.conf, and clocks."""
        for advice in job_advice(reading.config):
            self._once(advice, logging.WARNING, ADVICE, advice)
        slurm_s = None if reading.scheduler is None else reading.scheduler.values.get("time_s")
        if slurm_s is None:
            return
        ahead_s = slurm_s - reading.time_s
        if ahead_s > self._interval_s + reading.duration_s:
            self._once(CLOCKS_APART, logging.ERROR, CLOCKS_APART, ahead_s, "ahead of")
        elif ahead_s < -self._interval_s:
            self._once(CLOCKS_APART, logging.ERROR, CLOCKS_APART, -ahead_s, "behind")

    def _once(self, what: str, level: int, *message: object) -> None:
        if what not in self._said:
            self._said.add(what)
            log.log(level, *message)

    def contradictions(self, found: int) -> None:
        """Note how often Slurm and processes contradicted one another; log it once per digit."""
        if len(str(found)) > len(str(self._contradictions)) or found > self._contradictions == 0:
            log.warning(CONTRADICTIONS, found)
            self._contradictions = found
