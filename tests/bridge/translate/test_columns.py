"""From the numbers of a page to values with paths."""

import gc
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.naming.schemes import SCHEMES, SeriesPath
from fructosa_bridge.translate.columns import Columns, PathTable

NUMBERS = st.floats() | st.integers(-(2**63), 2**64 - 1)


def columns(*series, scheme="plain", paths=None):
    """Return the columns of *series*: paths, paths with a factor, or None for a dropped series."""
    paths_of_series = [SeriesPath(each) if isinstance(each, str) else each for each in series]
    made = Columns(SCHEMES[scheme], PathTable() if paths is None else paths)
    made.add(paths_of_series)
    made.complete()
    return made


def points(values):
    """Return the values of a page with their paths."""
    return list(zip(values.paths.each, values.values, strict=True))


def test_each_number_has_the_path_of_its_series():
    """They keep the order of the page."""
    kept = columns("a", "b").values([1, 2.5])

    assert [("a", 1), ("b", 2.5)] == points(kept)


def test_a_dropped_series_has_no_path():
    """Its value does not matter."""
    two_of_three = columns("a", None, "b")

    for number in (7.0, math.nan, math.inf, -math.inf):
        kept = two_of_three.values([1.0, number, 2.0])

        assert [("a", 1.0), ("b", 2.0)] == points(kept)
        assert (0, 0) == (kept.not_finite, kept.repeated)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_values_that_graphite_cannot_store_are_dropped_and_counted(number):
    """The other values keep their paths."""
    kept = columns("a", "b", "c").values([1.0, number, 3.0])

    assert [("a", 1.0), ("c", 3.0)] == points(kept)
    assert 1 == kept.not_finite


@pytest.mark.parametrize("numbers", [[1e308, 1e308], [-1e308, -1e308], [2**64 - 1] * 2])
def test_values_whose_sum_overflows_are_kept(numbers):
    """The sum is only a quick check for NaN and infinities."""
    kept = columns("a", "b").values(numbers)

    assert ([("a", numbers[0]), ("b", numbers[1])], 0) == (points(kept), kept.not_finite)


def test_a_value_that_overflows_by_its_factor_is_dropped():
    """Graphite cannot store it."""
    scaled = columns(SeriesPath("a", 100.0), "b")

    assert [("a", 250.0), ("b", 1.0)] == points(scaled.values([2.5, 1.0]))
    assert [("b", 1.0)] == points(scaled.values([1e307, 1.0]))
    assert 1 == scaled.values([1e307, 1.0]).not_finite


def test_of_a_repeated_path_the_first_value_counts():
    """As in Prometheus, whatever it is; the others are counted as repeated."""
    repeating = columns("a", "b", "a")

    first = repeating.values([1.0, 2.0, 3.0])
    later = repeating.values([math.nan, 2.0, 3.0])

    assert ([("a", 1.0), ("b", 2.0)], 1) == (points(first), first.repeated)
    assert ([("b", 2.0)], 1, 1) == (points(later), later.repeated, later.not_finite)


def test_values_that_become_finite_are_kept_again():
    """Whichever series had no finite value before, and however often that changes."""
    page = columns("a", "b", "c")
    patterns = [
        (a, b, c) for a in (1.0, math.nan) for b in (2.0, math.inf) for c in (3.0, -math.inf)
    ]

    for numbers in patterns * 2 + patterns[::-1]:
        kept = page.values(numbers)

        pairs = zip("abc", numbers, strict=True)
        assert [(path, value) for path, value in pairs if math.isfinite(value)] == points(kept)
        assert kept.not_finite == 3 - len(kept.values)


def test_the_patterns_that_are_remembered_are_limited():
    """Any series of a page may have no finite value at any time."""
    page = columns(*map(str, range(100)))

    for odd in range(100):
        kept = page.values([math.nan if at == odd else float(at) for at in range(100)])

        assert len(page._patterns) <= 16
        assert [str(at) for at in range(100) if at != odd] == list(kept.paths.each)


def test_a_dropped_series_repeats_no_path():
    """It has no path."""
    kept = columns("a", None).values([1.0, 2.0])

    assert ([("a", 1.0)], 0) == (points(kept), kept.repeated)


DISKS = ("fructosa_disk_reads_total.sda", "fructosa_disk_reads_total.sda1", None, "load")


def test_totals_come_after_the_series():
    """They are those of FrUCToSA 0.3, without dropped series."""
    kept = columns(*DISKS, scheme="fructosa").values([5, 3, 100, 0.5])

    assert 5.0 == dict(points(kept))["DiskIOCounters.read_count"]
    assert [*map(str, (5, 3, 0.5))] == [f"{value:g}" for _, value in points(kept)[:3]]


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_total_with_a_value_that_is_not_finite_is_dropped(number):
    """Without that value it would be too small. Values of partitions are not in the total."""
    disks = columns(*DISKS, scheme="fructosa")

    whole_disk = disks.values([number, 3.0, 1.0, 0.5])
    partition = disks.values([5.0, number, 1.0, 0.5])

    assert [DISKS[1], "load"] == [path for path, _ in points(whole_disk)]
    assert 5.0 == dict(points(partition))["DiskIOCounters.read_count"]
    assert (1, 1) == (whole_disk.not_finite, partition.not_finite)


@given(st.lists(st.integers(2**53, 2**64 - 1), min_size=2, max_size=9))
def test_a_total_of_integers_is_that_of_floats(numbers):
    """The fast way reads a number without a point as an integer."""
    names = (f"fructosa_disk_reads_total.sd{n}x" for n in range(len(numbers)))
    disks = columns(*names, scheme="fructosa")

    of_integers, of_floats = (disks.values(each) for each in (numbers, [*map(float, numbers)]))

    assert dict(points(of_floats)) == {path: float(value) for path, value in points(of_integers)}


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), NUMBERS), max_size=8))
def test_every_value_is_kept_or_counted(pairs):
    """All values that are kept are finite."""
    page = columns(*(path for path, _ in pairs))

    kept = page.values([number for _, number in pairs])

    wanted = [(path, float(number)) for path, number in pairs if path is not None]
    first = dict(reversed(wanted))
    assert {path: value for path, value in first.items() if math.isfinite(value)} == {
        path: float(value) for path, value in points(kept)
    }
    assert len(wanted) == len(kept.values) + kept.repeated + kept.not_finite


def test_equal_paths_are_one_object():
    """Also those of different templates, which may be equal without the dropped series."""
    paths = PathTable()
    dropping, plain = columns("a", None, "b", paths=paths), columns("a", "b", paths=paths)

    paths_of_pages = [dropping.values([1, 2, 3]).paths, dropping.values([4, 5, 6]).paths]

    assert paths_of_pages[0] is paths_of_pages[1]
    assert paths_of_pages[0] is plain.values([1, 2]).paths


def test_unused_paths_are_freed():
    """Series that come and go leave nothing behind."""
    paths = PathTable()
    unused = columns("a", "b", paths=paths)
    for number in (1.0, math.nan):
        unused.values([number, 2.0])
    del unused
    gc.collect()

    assert 0 == len(paths)
