"""From the numbers of a page to points: which are kept, under which paths, in which unit.

What can be said once for all pages of a layout is worked out when the layout is first seen.
"""

from collections.abc import Sequence
from itertools import compress
from math import isfinite
from typing import NamedTuple
from weakref import WeakValueDictionary

from ..model.points import Paths
from ..naming.schemes import NamingScheme, SeriesPath


class PageValues(NamedTuple):
    """Values and their paths; how many Graphite can't hold, and how many stood twice."""

    paths: Paths
    values: Sequence[float]
    not_finite: int = 0
    repeated: int = 0


class PathTable:
    """The paths in use, each list of them once."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[str, ...], Paths] = WeakValueDictionary()

    def of(self, each: tuple[str, ...]) -> Paths:
        """Return these paths: one object for all who say the same."""
        found = self._known.get(each)
        if found is None:
            found = self._known[each] = Paths(each)
        return found


class Columns:
    """What becomes of the numbers of a layout, whose samples are called *series*, None: not kept.

    The paths that are returned go on with the caller's *own*, whose values it adds.
    """

    __slots__ = ("_are_all", "_is_kept", "_is_plain", "_paths", "_series", "_totals", "_with_own")

    def __init__(
        self, series: Sequence[SeriesPath | None], scheme: NamingScheme, paths: PathTable
    ) -> None:
        kept = [named.path for named in series if named is not None]
        self._series, self._paths = tuple(series), paths
        self._is_kept = bytes(named is not None for named in series)
        self._are_all = all(self._is_kept)
        self._totals = scheme.totals([named.path if named else "" for named in series])
        self._is_plain = (
            not self._totals
            and len(set(kept)) == len(kept)
            and all(named is None or named.factor == 1 for named in series)
        )
        self._with_own: dict[tuple[str, ...], Paths] = {}

    def kept(self, numbers: Sequence[float], own: tuple[str, ...]) -> PageValues:
        """Return the values of one page's *numbers*."""
        # A sum is finite only if all its parts are.
        if not self._is_plain or not isfinite(sum(numbers)):
            return self._one_by_one(numbers, own)
        values = numbers if self._are_all else list(compress(numbers, self._is_kept))
        paths = self._with_own.get(own)
        if paths is None:
            each = tuple(named.path for named in self._series if named is not None)
            paths = self._with_own[own] = self._paths.of(each + own)
        return PageValues(paths, values)

    def _one_by_one(self, numbers: Sequence[float], own: tuple[str, ...]) -> PageValues:
        pairs = zip(self._series, numbers, strict=True)
        wanted = [(named, number) for named, number in pairs if named is not None]
        values = [(named.path, named.factor * number) for named, number in wanted]
        finite = [(path, value) for path, value in values if isfinite(value)]
        points = dict(finite)
        repeated = len(finite) - len(points)
        for total in self._totals:
            # Whole numbers come as such: summed up exactly, they would give another last digit.
            value = total.factor * sum(float(numbers[at]) for at in total.at)
            if isfinite(value):
                points[total.path] = value
        paths = self._paths.of((*points, *own))
        return PageValues(paths, list(points.values()), len(wanted) - len(finite), repeated)
