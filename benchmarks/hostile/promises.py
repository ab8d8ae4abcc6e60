"""What must hold while nodes and clients are hostile, and what was measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from .watch import MasterReading, Waits

HEAD = ("promise", "limit", "measured", "")
_MIB = 2**20
# Memory and files are compared between parts of the run: the first fifth is the warm-up.
_PARTS = 5


@dataclass(frozen=True)
class Measure:
    """A measured value, and the largest one that is allowed; *show* writes them."""

    promise: str
    value: float
    most: float
    show: Callable[[float], str] = "{:,.0f}".format

    @property
    def is_kept(self) -> bool:
        """Whether the promise is kept."""
        return self.value <= self.most

    @property
    def row(self) -> tuple[str, ...]:
        """The row of the table."""
        verdict = "kept" if self.is_kept else "BROKEN"
        return self.promise, f"≤ {self.show(self.most)}", self.show(self.value), verdict


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:,.0f} ms"


def _mib(size: float) -> str:
    return f"{size / _MIB:,.1f} MiB"


def _kib(size: float) -> str:
    return f"{size / 1024:,.0f} KiB"


def part(readings: Sequence[MasterReading], number: int) -> Sequence[MasterReading]:
    """Return the readings of one fifth of the run."""
    size = max(1, len(readings) // _PARTS)
    return readings[number * size : (number + 1) * size]


def of_process(readings: Sequence[MasterReading]) -> list[Measure]:
    """Return what holds for memory, descriptors, log and files, late in the run beside early."""
    early, late = part(readings, 1), part(readings, _PARTS - 1)

    def highest(some: Sequence[MasterReading], name: str) -> float:
        return max(float(getattr(one, name)) for one in some)

    def growth(name: str) -> float:
        return float(getattr(late[-1], name) - getattr(late[0], name))

    memory = highest(early, "memory_bytes")
    minutes = max(late[-1].after_s - late[0].after_s, 1) / 60
    return [
        Measure("most memory", highest(readings, "memory_bytes"), 512 * _MIB, _mib),
        Measure(
            "memory of the last fifth, beside that of the second",
            highest(late, "memory_bytes"),
            1.1 * memory + 8 * _MIB,
            _mib,
        ),
        Measure(
            "open files of the last fifth, beside the second",
            highest(late, "open_files"),
            highest(early, "open_files") + 50,
        ),
        Measure("log in a minute, late", growth("log_bytes") / minutes, 64 * 1024, _kib),
        Measure("new series files in a minute, late", growth("series_files") / minutes, 1000),
    ]


def of_lateness(late_s: Sequence[float], machine_s: Sequence[float]) -> list[Measure]:
    """Return what holds for scrapes of honest nodes: how late after their slots they came.

    *machine_s* is how late a timer of this process came: a busy machine is not lmaster's fault.
    """
    scrape = "a scrape of an honest node comes late by"
    own_s, own_most_s = percentile(machine_s, 99), max(machine_s, default=0.0)
    return [
        Measure(f"{scrape}, 99 of 100", percentile(late_s, 99), 0.1 + own_s, _milliseconds),
        Measure(f"{scrape}, most", max(late_s, default=0.0), 0.5 + own_most_s, _milliseconds),
    ]


def of_waits(page: str, waits: Waits, machine_s: Sequence[float]) -> list[Measure]:
    """Return what holds for an honest client of a page."""
    most_s = 1.0 + max(machine_s, default=0.0)
    return [
        Measure(f"{page}: not answered, of {len(waits.seconds):,}", waits.failed, 0),
        Measure(f"{page}: answered in", percentile(waits.seconds, 99), most_s, _milliseconds),
    ]


def percentile(values: Sequence[float], percent: int) -> float:
    """Return a percentile; the largest value if there are few."""
    if len(values) < 100:
        return max(values, default=0.0)
    return quantiles(values, n=100)[percent - 1]
