"""Records memory and CPU time of daemons that are restarted, once a second.

A life is the time from one start of a daemon to the next.
"""

import threading
import time
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import psutil

from .system import BackgroundProgram

HEAD = (
    "process",
    "lives",
    "memory, early lives",
    "memory, late lives",
    "growth in the longest life",
    "CPU, early lives",
    "CPU, late lives",
)
_MIB = 2**20
_QUARTER = 4  # the first and the last quarter of the lives are compared
_WARM_UP_S = 10  # memory in the first seconds of a life is not representative


class UsageReading(NamedTuple):
    """The age of a process, its resident memory and its CPU time."""

    age_s: float
    resident_mib: float
    cpu_s: float


@dataclass
class Life:
    """The readings of one process of a daemon."""

    readings: list[UsageReading] = field(default_factory=list)

    @property
    def warm(self) -> UsageReading:
        """The first reading after the warm-up; the last reading if there is none."""
        warm = (reading for reading in self.readings if reading.age_s >= _WARM_UP_S)
        return next(warm, self.readings[-1])

    @property
    def age_s(self) -> float:
        """The age at the last reading."""
        return self.readings[-1].age_s

    @property
    def cpu_percent(self) -> float:
        """CPU time in percent of a core since the warm-up; of the whole life if it was short."""
        (from_s, _, from_cpu_s), (age_s, _, cpu_s) = self.warm, self.readings[-1]
        if age_s - from_s < _WARM_UP_S:
            from_s = from_cpu_s = 0.0
        return 100 * (cpu_s - from_cpu_s) / max(age_s - from_s, 1.0)


class Watch(threading.Thread):
    """Reads memory and CPU time of daemons once a second until it is stopped."""

    def __init__(self, daemons: dict[str, BackgroundProgram]) -> None:
        super().__init__(daemon=True)
        self.lives: dict[str, dict[int, Life]] = {name: {} for name in daemons}
        self._daemons, self._stop_requested = daemons, threading.Event()

    def run(self) -> None:
        """Read until stop() is called."""
        while not self._stop_requested.wait(1):
            for name, daemon in self._daemons.items():
                self._read(name, daemon)

    def _read(self, name: str, daemon: BackgroundProgram) -> None:
        process = daemon.process
        try:
            if process is None or daemon.program not in " ".join(process.cmdline()):
                return
            age_s, cpu = time.time() - process.create_time(), process.cpu_times()
            reading = UsageReading(age_s, process.memory_info().rss / _MIB, cpu.user + cpu.system)
            self.lives[name].setdefault(process.pid, Life()).readings.append(reading)
        except psutil.Error:  # it has just exited
            return

    def stop(self) -> None:
        """Stop reading, and wait until the thread has ended."""
        self._stop_requested.set()
        self.join()

    def rows(self) -> list[tuple[str, ...]]:
        """Return a row per daemon, for HEAD."""
        return [_row(name, list(lives.values())) for name, lives in self.lives.items() if lives]


def _row(name: str, lives: list[Life]) -> tuple[str, ...]:
    # Compare lives at the same age: what a process allocates at its start is not growth. The very
    # first life is left out: it starts with an empty queue and without files.
    old = [life for life in lives[1:] if life.age_s >= 2 * _WARM_UP_S] or lives
    count = max(1, len(old) // _QUARTER)
    early, late = old[:count], old[-count:]
    longest = max(lives, key=lambda life: life.age_s)
    growth_mib = longest.readings[-1].resident_mib - longest.warm.resident_mib
    return (
        name,
        str(len(lives)),
        f"{_memory_mib(early):.1f} MiB",
        f"{_memory_mib(late):.1f} MiB",
        f"{growth_mib:+.1f} MiB in {longest.age_s:.0f} s",
        f"{_cpu_percent(early):.1f} %",
        f"{_cpu_percent(late):.1f} %",
    )


def _memory_mib(lives: list[Life]) -> float:
    return median(life.warm.resident_mib for life in lives)


def _cpu_percent(lives: list[Life]) -> float:
    return median(life.cpu_percent for life in lives)
