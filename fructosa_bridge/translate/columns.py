"""From the numbers of a page to values with paths: what is kept, and in which unit.

What is the same for all pages of a template is worked out once, when the template is first seen.
"""

from collections.abc import Iterable, Sequence
from itertools import compress
from math import isfinite
from operator import mul
from typing import NamedTuple
from weakref import WeakValueDictionary

from ..model.points import Paths
from ..naming.schemes import NamingScheme, SeriesPath, Takes, take_all

# So many patterns are remembered for the pages of a template.
_MOST_PATTERNS = 16


class PageValues(NamedTuple):
    """The values of a page, one for each of *paths*.

    *not_finite* counts the samples that Graphite cannot store, *repeated* those whose path the
    page had already: the first one counts.
    """

    paths: Paths
    values: Sequence[float]
    not_finite: int = 0
    repeated: int = 0


class _Pattern(NamedTuple):
    """Which values of a page are finite, which are not, and the paths of the finite ones."""

    is_finite: bytes
    is_odd: bytes
    paths: Paths


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

    Its series are added a part at a time, as there may be very many, before it is used. *takes*
    returns whether a metric is stored at all.
    """

    __slots__ = (
        "_all_paths",
        "_are_all_kept",
        "_factors",
        "_is_kept",
        "_is_scaled",
        "_kept",
        "_last_pattern",
        "_paths",
        "_patterns",
        "_places",
        "_repeated",
        "_scheme",
        "_takes",
        "_totals",
    )

    def __init__(self, scheme: NamingScheme, paths: PathTable, takes: Takes = take_all) -> None:
        self._scheme, self._paths, self._takes = scheme, paths, takes
        self._kept: dict[str, float] = {}  # from paths to factors; until all series are there
        self._places: list[str] = []  # likewise
        self._is_kept = bytearray()
        self._repeated, self._is_scaled = 0, False
        self._patterns: dict[bytes, _Pattern] = {}
        self._last_pattern: _Pattern | None = None

    def add(self, series: Iterable[SeriesPath | None]) -> None:
        """Add series in their order on the page; None for a sample that is not kept."""
        kept = self._kept
        for one in series:
            # Of a repeated series the first sample counts, as in Prometheus.
            is_kept = one is not None and one.path not in kept
            self._is_kept.append(is_kept)
            self._places.append(one.path if one is not None and is_kept else "")
            if one is None:
                continue
            if is_kept:
                kept[one.path] = one.factor
                self._is_scaled = self._is_scaled or one.factor != 1
            else:
                self._repeated += 1

    def complete(self) -> None:
        """Work out what all pages share, when all series are there."""
        self._are_all_kept = all(self._is_kept)
        self._totals = self._scheme.totals(self._places, self._takes)
        self._factors = list(self._kept.values()) if self._is_scaled else None
        self._all_paths = self._paths.shared(tuple(self._kept))
        self._kept, self._places = {}, []

    def values(self, numbers: Sequence[float]) -> PageValues:
        """Return the values of one page with these *numbers*."""
        values = numbers if self._are_all_kept else list(compress(numbers, self._is_kept))
        if self._factors is not None:
            values = list(map(mul, self._factors, values))
        found = self._as_last_time(values) or self._as_new(values)
        if self._totals:
            found = self._with_totals(found, numbers)
        return found

    def _as_last_time(self, values: Sequence[float]) -> PageValues | None:
        """Return the finite ones of some *values*, None if these are others than on the last page.

        Mostly the same series have no finite value as before.
        """
        pattern = self._last_pattern
        if pattern is None:
            return None
        found = list(compress(values, pattern.is_finite))
        if not isfinite(sum(found)) or any(map(isfinite, compress(values, pattern.is_odd))):
            return None
        return PageValues(pattern.paths, found, len(values) - len(found), self._repeated)

    def _as_new(self, values: Sequence[float]) -> PageValues:
        # A sum is finite only if all of its terms are.
        if isfinite(sum(values)):
            self._last_pattern = None
            return PageValues(self._all_paths, values, 0, self._repeated)
        pattern = self._last_pattern = self._pattern(bytes(map(isfinite, values)))
        found = list(compress(values, pattern.is_finite))
        return PageValues(pattern.paths, found, len(values) - len(found), self._repeated)

    def _pattern(self, is_finite: bytes) -> _Pattern:
        found = self._patterns.get(is_finite)
        if found is None:
            if len(self._patterns) == _MOST_PATTERNS:
                self._patterns.clear()
            paths = self._paths.shared(tuple(compress(self._all_paths.each, is_finite)))
            found = _Pattern(is_finite, bytes(not one for one in is_finite), paths)
            self._patterns[is_finite] = found
        return found

    def _with_totals(self, found: PageValues, numbers: Sequence[float]) -> PageValues:
        # Integers are added as floats: an exact sum would differ in its last digit.
        sums = [
            (total.path, total.factor * sum(float(numbers[at]) for at in total.at))
            for total in self._totals
        ]
        finite = {path: value for path, value in sums if isfinite(value)}
        paths = self._paths.shared((*found.paths.each, *finite))
        return found._replace(paths=paths, values=[*found.values, *finite.values()])
