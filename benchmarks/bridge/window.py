"""What a scraper costs in a window of time, and whether it did its work meanwhile."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.exporter.processes import CannotRun, status_number

from .farm import Farm
from .peers import Scraping, Work

_WARM_UP_INTERVALS = 2
_PATIENCE_S = 30
# A program is asked amid its work, and Prometheus for two numbers in turn: so far they may differ.
_LEEWAY = 0.02


@dataclass(frozen=True)
class Cost:
    """What was used in a window: CPU time in user and kernel mode, memory at its end."""

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
    faults: tuple[str, ...]

    @property
    def sample_us(self) -> float:
        """CPU time of a sample."""
        return self.cpu_s / self.samples * 1e6

    @property
    def share(self) -> float:
        """Used part of a core."""
        return self.cpu_s / self.seconds

    @property
    def outcome(self) -> str:
        """What was done, in words."""
        return (
            f"{self.sample_us:.2f} µs a sample, {self.share:.1%} of a core, "
            f"{self.resident_kb / 1024:.0f} MiB; {self.up:,} targets up, {self.scrapes:,} scrapes, "
            f"{self.samples:,} samples, {self.missed} slots missed"
            + "".join(f"; WRONG: {fault}" for fault in self.faults)
        )


def measure(running: Scraping, farm: Farm, interval_s: int, seconds: float) -> Cost:
    """Let it warm up, and run for *seconds*; return what that cost.

    Scrapes are counted by nginx, for all alike; what the program says must agree.
    """
    wait_until_up(running, farm, interval_s)
    time.sleep(_WARM_UP_INTERVALS * interval_s)
    before, served = running.work(), farm.served()
    began_s, cpu_s = time.monotonic(), running.process.cpu_s()
    time.sleep(seconds)
    cpu_s, took_s = running.process.cpu_s() - cpu_s, time.monotonic() - began_s
    served = farm.served() - served - 1  # this question is a request too
    pid = running.process.pid
    memory = status_number(pid, "VmRSS"), status_number(pid, "VmHWM"), pss_kb(pid)
    after = running.work()
    if not served:
        raise CannotRun(f"{running.name} has scraped nothing in {seconds:g} s")
    due = round(farm.targets * took_s / interval_s)
    missed = max(0, due - served) if after.missed is None else after.missed
    samples = served * farm.samples
    found = faults(before, after, farm, served, due)
    sent = (after.sent or 0) - (before.sent or 0)
    return Cost(took_s, cpu_s, *memory, samples, served, after.up, missed, sent, tuple(found))


def faults(before: Work, after: Work, farm: Farm, served: int, due: int) -> list[str]:
    """Return in what a program has not done what it should."""
    scrapes, samples = after.scrapes - before.scrapes, after.samples - before.samples
    found = []
    if after.up != farm.targets:
        found.append(f"{after.up} of {farm.targets} targets are up")
    if abs(scrapes - served) > _LEEWAY * served + 1:
        found.append(f"it counts {scrapes} scrapes, nginx {served}")
    if abs(samples - served * farm.samples) > _LEEWAY * served * farm.samples + farm.samples:
        found.append(f"it counts {samples} samples, {served * farm.samples} were served")
    if abs(served - due) > _LEEWAY * due + 1:
        found.append(f"{served} scrapes were made, {due} were due")
    if after.lost:
        found.append(f"{after.lost} points were dropped")
    if after.sent is not None and after.sent == before.sent:
        found.append("nothing was sent")
    return found


def wait_until_up(running: Scraping, farm: Farm, interval_s: int) -> None:
    """Wait for the first scrape of every target; Prometheus begins five seconds late.

    Raises: CannotRun when they don't all come.
    """
    until_s = time.monotonic() + _PATIENCE_S + 2 * interval_s
    while (up := running.work().up) < farm.targets:
        if time.monotonic() > until_s:
            raise CannotRun(f"{running.name} has {up} of {farm.targets} targets up, and no more")
        time.sleep(1)


def pss_kb(pid: int) -> int:
    """Return the memory of a process, with what it shares with others counted in part."""
    found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(found[1]) if found else 0
