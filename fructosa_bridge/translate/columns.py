"""From the numbers of a page to values with paths: what is kept, and in which unit.

What is the same for all pages of a template is worked out once, when the template is first seen.
"""

from collections.abc import Sequence
from itertools import compress
from math import isfinite
from typing import NamedTuple
from weakref import WeakValueDictionary

from ..model.points import Paths
from ..naming.schemes import NamingScheme, SeriesPath, Takes, take_all


class PageValues(NamedTuple):
    """The values of a page, one for each of *paths*.

    *not_finite* counts the samples that Graphite cannot store, *repeated* those whose path the
    page had already.
    """

    paths: Paths
    values: Sequence[float]
    not_finite: int = 0
    repeated: int = 0


class PathTable:
    """The lists of paths in use, each of them once."""

    def __init__(self) -> None:
        self._shared: WeakValueDictionary[tuple[str, ...], Paths] = WeakValueDictionary()

    def shared(self, each: tuple[str, ...]) -> Paths:
        """Return the same object for all pages with these paths."""
        found = self._shared.get(each)
        if found is None:
            found = self._shared[each] = Paths(each)
        return found

    def __len__(self) -> int:
        return len(self._shared)


class Columns:
    """Turns the numbers of a template into values with paths.

    *series* has an entry for each sample of the template: None if the sample is not kept. *takes*
    returns whether a metric is stored at all.
    """

    __slots__ = (
        "_all_paths",
        "_are_all_kept",
        "_is_kept",
        "_is_simple",
        "_paths",
        "_series",
        "_totals",
    )

    def __init__(
        self,
        series: Sequence[SeriesPath | None],
        scheme: NamingScheme,
        paths: PathTable,
        takes: Takes = take_all,
    ) -> None:
        kept = [one.path for one in series if one is not None]
        self._series, self._paths = tuple(series), paths
        self._is_kept = bytes(one is not None for one in series)
        self._are_all_kept = all(self._is_kept)
        self._totals = scheme.totals([one.path if one else "" for one in series], takes)
        self._is_simple = (
            not self._totals
            and len(set(kept)) == len(kept)
            and all(one is None or one.factor == 1 for one in series)
        )
        self._all_paths = paths.shared(tuple(kept)) if self._is_simple else None

    def values(self, numbers: Sequence[float]) -> PageValues:
        """Return the values of one page with these *numbers*."""
        # A sum is finite only if all of its terms are.
        if self._all_paths is None or not isfinite(sum(numbers)):
            return self._one_by_one(numbers)
        values = numbers if self._are_all_kept else list(compress(numbers, self._is_kept))
        return PageValues(self._all_paths, values)

    def _one_by_one(self, numbers: Sequence[float]) -> PageValues:
        pairs = zip(self._series, numbers, strict=True)
        kept = [(one, number) for one, number in pairs if one is not None]
        values = [(one.path, one.factor * number) for one, number in kept]
        finite = [(path, value) for path, value in values if isfinite(value)]
        points = dict(finite)
        repeated = len(finite) - len(points)
        for total in self._totals:
            # Integers are added as floats: an exact sum would differ in its last digit.
            value = total.factor * sum(float(numbers[at]) for at in total.at)
            if isfinite(value):
                points[total.path] = value
        paths = self._paths.shared(tuple(points))
        return PageValues(paths, list(points.values()), len(kept) - len(finite), repeated)
