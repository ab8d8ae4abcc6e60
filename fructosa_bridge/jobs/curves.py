"""The curve of a job on a node: at most 120 points, whose step doubles as the job gets longer.

Steps lie on a grid that all nodes share: a curve over many nodes needs no interpolation.
"""

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from math import floor, isnan, nan
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from ..model.errors import ArchiveError

MOST_POINTS = 120
STEP_S = 30.0
# What is kept of each node of a run; of more nodes their minimum, mean and maximum.
MOST_NODES = 8

_VERSION = 1
_HEADER = Struct("<BH")  # version, number of curves
_CURVE = Struct("<HqdfB")  # length of the name, index of the first step, step, largest, points
_UNKNOWN = 255
_LEVELS = 254
DAMAGED = "the curve of a job is damaged"


class CurvePoints(NamedTuple):
    """A curve: the value in each step of *step_s* seconds from *start_s* on, nan if unknown."""

    start_s: float
    step_s: float
    values: Sequence[float]


class JobCurve:
    """The use of a resource over time.

    A total (CPU seconds) is spread over the steps between two readings, and its points are averages
    by second. Of a level (memory) the points are maxima.
    """

    __slots__ = ("end_s", "first", "is_total", "start_s", "step_s", "values")

    def __init__(self, *, is_total: bool, step_s: float = STEP_S) -> None:
        self.is_total = is_total
        self.step_s = step_s
        self.first = 0  # the index of the first step: it begins at first * step_s
        self.start_s = self.end_s = 0.0  # what is known, in seconds since 1970
        self.values = array("f")

    def add_total(self, start_s: float, end_s: float, amount: float) -> None:
        """Add the *amount* that was used between two times."""
        if end_s <= start_s:
            end_s = start_s + 1e-3  # a job of less than the clock shows
        first, last = self._reach(start_s, end_s)
        if first == last:
            self._add(first, amount)
            return
        by_second = amount / (end_s - start_s)
        step_s = self.step_s
        for index in range(first, last + 1):
            begins_s = (self.first + index) * step_s
            seconds = min(end_s, begins_s + step_s) - max(start_s, begins_s)
            self._add(index, by_second * max(0.0, seconds))

    def _add(self, index: int, amount: float) -> None:
        value = self.values[index]
        self.values[index] = amount if isnan(value) else value + amount

    def add_level(self, time_s: float, level: float) -> None:
        """Add the level at a time."""
        index, _ = self._reach(time_s, time_s)
        value = self.values[index]
        if not value >= level:  # also if it is nan
            self.values[index] = level

    def _reach(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Make room for a time; return the indexes of its first and last step."""
        if not self.values:
            self.first = floor(start_s / self.step_s)
            self.start_s, self.end_s = start_s, end_s
            self.values.append(nan)
        start_s = max(start_s, self.start_s)  # what is earlier than the curve counts at its start
        end_s = max(end_s, start_s)
        while floor(end_s / self.step_s) - self.first >= MOST_POINTS:
            self._double()
        first = max(floor(start_s / self.step_s) - self.first, 0)
        last = max(floor(end_s / self.step_s) - self.first, first)
        for _ in range(last + 1 - len(self.values)):
            self.values.append(nan)
        self.end_s = max(self.end_s, end_s)
        return first, last

    def _double(self) -> None:
        """Join the steps in pairs."""
        join = _sum if self.is_total else _largest
        self.values = array("f", map(join, _pairs(self.first, self.values)))
        self.first //= 2
        self.step_s *= 2

    def points(self) -> CurvePoints:
        """Return the curve as it is shown: of a total, the average by second of each step."""
        start_s, step_s = self.first * self.step_s, self.step_s
        if not self.is_total:
            return CurvePoints(start_s, step_s, list(self.values))
        averages = []
        for index, value in enumerate(self.values):
            begins_s = start_s + index * step_s
            known_s = min(self.end_s, begins_s + step_s) - max(self.start_s, begins_s)
            averages.append(value / max(known_s, 1e-3))
        return CurvePoints(start_s, step_s, averages)


def _pairs(first: int, values: Sequence[float]) -> Iterator[Sequence[float]]:
    """Yield the values of two steps at a time; *first* is the index of the first step."""
    padded = [nan] * (first % 2) + list(values)
    return (padded[at : at + 2] for at in range(0, len(padded), 2))


def _sum(values: Sequence[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return sum(known) if known else nan


def _largest(values: Sequence[float]) -> float:
    return max((value for value in values if not isnan(value)), default=nan)


def coarser(curve: CurvePoints, step_s: float) -> CurvePoints:
    """Return a *curve* with steps of *step_s*, its own times a power of two: averages."""
    while curve.step_s < step_s:
        first = round(curve.start_s / curve.step_s)
        values = [_mean(pair) for pair in _pairs(first, curve.values)]
        curve = CurvePoints(first // 2 * 2 * curve.step_s, curve.step_s * 2, values)
    return curve


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not isnan(value)]
    return sum(known) / len(known) if known else nan


def over_nodes(curves: Sequence[CurvePoints]) -> dict[str, CurvePoints]:
    """Return the minimum, mean and maximum over the *curves* of many nodes."""
    curves = [curve for curve in curves if curve.values]
    if not curves:
        return {}
    step_s = max(curve.step_s for curve in curves)
    curves = [coarser(curve, step_s) for curve in curves]
    firsts = [round(curve.start_s / step_s) for curve in curves]
    first = min(firsts)
    size = max(at + len(curve.values) for at, curve in zip(firsts, curves, strict=True)) - first
    columns: list[list[float]] = [[] for _ in range(size)]
    for at, curve in zip(firsts, curves, strict=True):
        for index, value in enumerate(curve.values, at - first):
            if not isnan(value):
                columns[index].append(value)
    joins: dict[str, Callable[[list[float]], float]] = {"min": min, "mean": _mean, "max": max}
    return {
        name: CurvePoints(
            first * step_s, step_s, [join(column) if column else nan for column in columns]
        )
        for name, join in joins.items()
    }


def encode(curves: dict[str, CurvePoints]) -> bytes:
    """Return *curves* by name as bytes: each value in 254 steps of the largest one of its curve."""
    parts = [_HEADER.pack(_VERSION, len(curves))]
    for name, curve in curves.items():
        largest = max((value for value in curve.values if not isnan(value)), default=0.0)
        scale = _LEVELS / largest if largest > 0 else 0.0
        levels = bytes(_UNKNOWN if isnan(value) else round(value * scale) for value in curve.values)
        first, text = round(curve.start_s / curve.step_s), name.encode()
        parts += [_CURVE.pack(len(text), first, curve.step_s, largest, len(levels)), text, levels]
    return zlib.compress(b"".join(parts), 9)


def decode(data: bytes) -> dict[str, CurvePoints]:
    """Return the curves in *data*.

    Raises: ArchiveError if it is damaged.
    """
    try:
        text = zlib.decompress(data)
        version, count = _HEADER.unpack_from(text)
        at = _HEADER.size
        curves = {}
        for _ in range(count):
            size, first, step_s, largest, points = _CURVE.unpack_from(text, at)
            at += _CURVE.size
            name, levels = text[at : at + size].decode(), text[at + size : at + size + points]
            at += size + points
            values = [nan if one == _UNKNOWN else one * largest / _LEVELS for one in levels]
            curves[name] = CurvePoints(first * step_s, step_s, values)
    except (zlib.error, struct_error, UnicodeDecodeError) as error:
        raise ArchiveError(f"{DAMAGED}: {error}") from None
    if version != _VERSION or at != len(text):
        raise ArchiveError(DAMAGED)
    return curves
