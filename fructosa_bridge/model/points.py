"""Points on their way to Graphite: batches of columns, whose paths all nodes share."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

# The points of a large page are queued and sent in parts: each takes a few milliseconds.
MOST_POINTS = 10_000

Point = tuple[str, float]
"""A Graphite path and a value."""


class Paths:
    """The paths of a page's series below its node: one object for all nodes that share them."""

    __slots__ = ("__weakref__", "_parts", "each", "key")

    def __init__(self, each: tuple[str, ...]) -> None:
        self.each = each
        self.key = hash(each)  # a tuple does not keep its hash
        self._parts: tuple[Paths, ...] = ()

    def parts(self) -> "tuple[Paths, ...]":
        """Return the same paths in lists that are not too long."""
        if len(self.each) <= MOST_POINTS:
            return (self,)
        if not self._parts:
            starts = range(0, len(self.each), MOST_POINTS)
            self._parts = tuple(Paths(self.each[at : at + MOST_POINTS]) for at in starts)
        return self._parts


class Points:
    """Points of one moment, in columns, so that nodes with the same series share their *paths*.

    The path of a point is *before*, one of *paths*, and *after*. There is a value for each path.
    """

    __slots__ = ("after", "before", "paths", "values")

    def __init__(self, before: str, paths: Paths, after: str, values: Iterable[float]) -> None:
        self.before, self.paths, self.after = before, paths, after
        self.values = array("d", values)

    @classmethod
    def of(cls, points: Iterable[Point]) -> "Points":
        """Return points in columns."""
        paths, values = [], []
        for path, value in points:
            paths.append(path)
            values.append(value)
        return cls("", Paths(tuple(paths)), "", values)

    def whole_paths(self) -> Iterator[str]:
        """Return the whole path of each point."""
        found: Iterator[str] = map(self.before.__add__, self.paths.each)
        return map(str.__add__, found, repeat(self.after)) if self.after else found

    def parts(self) -> "Iterator[Points]":
        """Yield the same points, not too many at a time."""
        at = 0
        for paths in self.paths.parts():
            until = at + len(paths.each)
            yield Points(self.before, paths, self.after, self.values[at:until])
            at = until

    def __iter__(self) -> Iterator[Point]:
        return zip(self.whole_paths(), self.values, strict=True)

    def __len__(self) -> int:
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Points | Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


class Batch:
    """Points with the same time, that at which a scrape was due, in seconds since 1970."""

    __slots__ = ("interval_s", "points", "time_s")

    def __init__(self, time_s: int, interval_s: int, points: Points | Iterable[Point] = ()) -> None:
        self.time_s, self.interval_s = time_s, interval_s
        self.points = points if isinstance(points, Points) else Points.of(points)

    def __len__(self) -> int:
        return len(self.points)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Batch) and (
            (self.time_s, self.interval_s, self.points)
            == (other.time_s, other.interval_s, other.points)
        )

    def __repr__(self) -> str:
        return f"Batch({self.time_s}, {self.interval_s}, {list(self.points)})"

    __hash__ = None  # type: ignore[assignment]
