"""Memory and processor time of daemons that are restarted: a look each second, by life."""

import threading
import time
from dataclasses import dataclass, field
from statistics import median

import psutil

from .system import Daemon

_MIB = 2**20
_PART = 4  # the first and the last quarter of lives are compared
_WARM_S = 10  # younger than this, a life says little about memory


@dataclass
class Life:
    """One process of a daemon, from first look to last: ages, resident MiB, CPU seconds."""

    looks: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def warm(self) -> tuple[float, float, float]:
        """The first look at which it was warm, or the last."""
        return next((look for look in self.looks if look[0] >= _WARM_S), self.looks[-1])

    @property
    def age_s(self) -> float:
        """How long it lived, as far as was seen."""
        return self.looks[-1][0]

    @property
    def share(self) -> float:
        """Percent of a core that it took since it was warm; of all its life if it never was."""
        (from_s, _, from_cpu_s), (age_s, _, cpu_s) = self.warm, self.looks[-1]
        if age_s - from_s < _WARM_S:
            from_s = from_cpu_s = 0.0
        return 100 * (cpu_s - from_cpu_s) / max(age_s - from_s, 1.0)


class Watch(threading.Thread):
    """Looks at daemons each second until it is ended."""

    def __init__(self, daemons: dict[str, Daemon]) -> None:
        super().__init__(daemon=True)
        self.lives: dict[str, dict[int, Life]] = {name: {} for name in daemons}
        self._daemons, self._end = daemons, threading.Event()

    def run(self) -> None:
        """Look until it is ended."""
        while not self._end.wait(1):
            for name, daemon in self._daemons.items():
                self._look(name, daemon)

    def _look(self, name: str, daemon: Daemon) -> None:
        process = daemon.process
        try:
            if process is None or daemon.program not in " ".join(process.cmdline()):
                return
            age_s, cpu = time.time() - process.create_time(), process.cpu_times()
            look = age_s, process.memory_info().rss / _MIB, cpu.user + cpu.system
            self.lives[name].setdefault(process.pid, Life()).looks.append(look)
        except psutil.Error:  # it has just ended
            return

    def end(self) -> None:
        """Look no more."""
        self._end.set()
        self.join()

    def rows(self) -> list[tuple[str, ...]]:
        """Return what each took in its early lives, its late ones, and its longest."""
        return [_row(name, list(lives.values())) for name, lives in self.lives.items() if lives]


def _row(name: str, lives: list[Life]) -> tuple[str, ...]:
    # At the same age: what a life has just begun to hold says nothing about growth. The very
    # first begins with an empty queue, and with no file of its own.
    old = [life for life in lives[1:] if life.age_s >= 2 * _WARM_S] or lives
    some = max(1, len(old) // _PART)
    longest = max(lives, key=lambda life: life.age_s)
    grown = longest.looks[-1][1] - longest.warm[1]
    return (
        name,
        str(len(lives)),
        f"{_memory(old[:some]):.1f} MiB",
        f"{_memory(old[-some:]):.1f} MiB",
        f"{grown:+.1f} MiB in {longest.age_s:.0f} s",
        f"{_share(old[:some]):.1f} %",
        f"{_share(old[-some:]):.1f} %",
    )


def _memory(lives: list[Life]) -> float:
    return median(life.warm[1] for life in lives)


def _share(lives: list[Life]) -> float:
    return median(life.share for life in lives)
