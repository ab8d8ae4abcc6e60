"""Measures what a scraper costs over a period, and checks that it did its work meanwhile."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.exporter.processes import CannotRun, status_number

from .farm import NodeFarm
from .peers import RunningScraper, Work

_WARM_UP_INTERVALS = 2
_START_TIMEOUT_S = 30
# The counts may differ by this part: they are read while the program works, and Prometheus' two
# counts one after the other.
_TOLERANCE = 0.02


@dataclass(frozen=True)
class ScraperCost:
    """What a scraper used in a period (CPU time in user and kernel mode, memory) and did."""

    seconds: float
    cpu_s: float
    resident_kb: int
    peak_kb: int
    pss_kb: int
    samples: int
    scrapes: int
    up: int
    missed: int
    sent: int
    errors: tuple[str, ...]

    @property
    def sample_us(self) -> float:
        """CPU time per sample."""
        return self.cpu_s / self.samples * 1e6

    @property
    def share(self) -> float:
        """The share of a core that was used."""
        return self.cpu_s / self.seconds

    @property
    def summary(self) -> str:
        """One line for the terminal."""
        return (
            f"{self.sample_us:.2f} µs per sample, {self.share:.1%} of a core, "
            f"{self.resident_kb / 1024:.0f} MiB; {self.up:,} targets up, {self.scrapes:,} scrapes, "
            f"{self.samples:,} samples, {self.missed} slots missed"
            + "".join(f"; ERROR: {error}" for error in self.errors)
        )


def measure(
    running: RunningScraper, farm: NodeFarm, interval_s: int, seconds: float
) -> ScraperCost:
    """Warm up, then measure for *seconds*.

    nginx counts the scrapes of all programs; the program's own counts must agree.
    """
    wait_until_up(running, farm, interval_s)
    time.sleep(_WARM_UP_INTERVALS * interval_s)
    before, served = running.work(), farm.served()
    started_s, cpu_s = time.monotonic(), running.process.cpu_s()
    time.sleep(seconds)
    cpu_s, took_s = running.process.cpu_s() - cpu_s, time.monotonic() - started_s
    served = farm.served() - served - 1  # without the request for this count
    pid = running.process.pid
    memory = status_number(pid, "VmRSS"), status_number(pid, "VmHWM"), pss_kb(pid)
    after = running.work()
    if not served:
        raise CannotRun(f"{running.name} has scraped nothing in {seconds:g} s")
    due = round(farm.targets * took_s / interval_s)
    missed = max(0, due - served) if after.missed is None else after.missed
    samples = served * farm.samples
    errors = work_errors(before, after, farm, served, due)
    sent = (after.sent or 0) - (before.sent or 0)
    return ScraperCost(
        took_s, cpu_s, *memory, samples, served, after.up, missed, sent, tuple(errors)
    )


def work_errors(before: Work, after: Work, farm: NodeFarm, served: int, due: int) -> list[str]:
    """Return what a program did wrong, one message each."""
    scrapes, samples = after.scrapes - before.scrapes, after.samples - before.samples
    errors = []
    if after.up != farm.targets:
        errors.append(f"{after.up} of {farm.targets} targets are up")
    if abs(scrapes - served) > _TOLERANCE * served + 1:
        errors.append(f"it counts {scrapes} scrapes, nginx {served}")
    if abs(samples - served * farm.samples) > _TOLERANCE * served * farm.samples + farm.samples:
        errors.append(f"it counts {samples} samples, {served * farm.samples} were served")
    if abs(served - due) > _TOLERANCE * due + 1:
        errors.append(f"{served} scrapes were made, {due} were due")
    if after.lost:
        errors.append(f"{after.lost} points were dropped")
    if after.sent is not None and after.sent == before.sent:
        errors.append("nothing was sent")
    return errors


def wait_until_up(running: RunningScraper, farm: NodeFarm, interval_s: int) -> None:
    """Wait until all targets are up; Prometheus starts scraping five seconds late.

    Raises: CannotRun if they are not up in time.
    """
    deadline_s = time.monotonic() + _START_TIMEOUT_S + 2 * interval_s
    while (up := running.work().up) < farm.targets:
        if time.monotonic() > deadline_s:
            raise CannotRun(f"{running.name}: only {up} of {farm.targets} targets came up")
        time.sleep(1)


def pss_kb(pid: int) -> int:
    """Return the proportional set size of a process: shared memory counts in part."""
    match = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(match[1]) if match else 0
