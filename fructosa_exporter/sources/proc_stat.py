"""Parses /proc/stat. Several sensors use it; they share one reading.

On a node with 256 threads, the kernel takes longer for this file than for all others together, so
the sensors of one page read it once. Source: proc_stat(5).
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from fructosa_exporter.kernel import Kernel

MODES = (
    "user",
    "nice",
    "system",
    "idle",
    "iowait",
    "irq",
    "softirq",
    "steal",
    "guest",
    "guest_nice",
)

NO_TOTAL = "/proc/stat does not begin with the times of all processors together"
DIFFERENT_LENGTHS = "the lines of the processors in /proc/stat differ in length"
NO_NUMBER = "a time of a processor in /proc/stat is not a number"

_NAME = re.compile(rb"cpu[0-9]{1,6}")
_MOST_DIGITS = 20  # of 64 bits
# The end of the last line about a processor.
_END = re.compile(rb"\n(?!cpu)")

# The sensors of a page run within milliseconds.
_SHARED_FOR_S = 0.05


class ProcStat(NamedTuple):
    """The content of /proc/stat, times in clock ticks.

    ``ticks`` has a row for each mode, with a number for each of the ``processors``. The rows are in
    the order of MODES; old kernels have fewer. ``total`` is the sum over processors that the kernel
    keeps, by mode. ``numbers`` are the single numbers, by their names in the file.
    """

    processors: tuple[str, ...]
    ticks: list[list[int]]
    total: list[int]
    numbers: dict[str, int]


def parse(content: bytes) -> ProcStat:
    """Return the parsed *content* of /proc/stat.

    Raises: ValueError if it is invalid.
    """
    end = _END.search(content)
    head, rest = (content, b"") if end is None else (content[: end.start()], content[end.end() :])
    words = head.split()
    width = len(head.partition(b"\n")[0].split())
    if width < 2 or words[0] != b"cpu":
        raise ValueError(NO_TOTAL)
    names = words[width::width]
    if len(words) % width or not all(map(_NAME.fullmatch, names)):
        raise ValueError(DIFFERENT_LENGTHS)
    modes = range(1, min(width, len(MODES) + 1))
    try:
        return ProcStat(
            tuple(name[3:].decode() for name in names),
            [list(map(int, words[width + mode :: width])) for mode in modes],
            [int(words[mode]) for mode in modes],
            dict(_numbers(rest)),
        )
    except ValueError as error:
        raise ValueError(NO_NUMBER) from error


def _numbers(rest: bytes) -> list[tuple[str, int]]:
    """Return the first number of each line; for intr and softirq, that is the total."""
    found = []
    for line in rest.split(b"\n"):
        name, _, numbers = line.partition(b" ")
        first = numbers.partition(b" ")[0]
        if first.isdigit() and len(first) <= _MOST_DIGITS:
            found.append((name.decode(errors="replace"), int(first)))
    return found


class SharedProcStat:
    """Reads /proc/stat; calls shortly after one another share a reading."""

    def __init__(
        self, kernel: Kernel | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kernel = kernel or Kernel()
        self._clock = clock
        self._lock = threading.Lock()
        self._last: tuple[float, ProcStat] | None = None

    def __call__(self) -> ProcStat:
        """Return the content of /proc/stat.

        Raises: OSError, ValueError.
        """
        with self._lock:
            now_s = self._clock()
            if self._last is None or now_s - self._last[0] >= _SHARED_FOR_S:
                self._last = (now_s, parse(self._kernel.content("/proc/stat")))
            return self._last[1]


SHARED = SharedProcStat()


def ticks_between(before: ProcStat | None, after: ProcStat) -> list[list[int]]:
    """Return the ticks between two readings, in rows as in ``ProcStat.ticks``.

    A mode that went backwards, as iowait may do, counts as zero. If the processors have changed or
    there is no reading *before*, these are the ticks since boot.
    """
    if before is None or before.processors != after.processors:
        return after.ticks
    if len(before.ticks) != len(after.ticks):
        return after.ticks
    return [
        [b - a if b > a else 0 for a, b in zip(row_before, row_after, strict=True)]
        for row_before, row_after in zip(before.ticks, after.ticks, strict=True)
    ]


def total_ticks(rows: Sequence[Sequence[int]]) -> list[int]:
    """Return the sum of all modes for each processor.

    The guest modes are left out, because the kernel counts them in user and nice as well.
    """
    parts = [row for mode, row in zip(MODES, rows, strict=False) if not mode.startswith("guest")]
    return list(map(sum, zip(*parts, strict=True)))
