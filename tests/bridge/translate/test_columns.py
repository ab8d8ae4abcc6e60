"""From the numbers of a page to points, and what is shared by all pages of a layout."""

import gc
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.naming.schemes import SCHEMES, Plain, SeriesPath
from fructosa_bridge.translate.columns import Columns, PathTable

NUMBERS = st.floats() | st.integers(-(2**63), 2**64 - 1)


def columns(*series, scheme="plain", paths=None):
    """Return the columns of *series*, each a path, a path with its factor, or None."""
    named = [SeriesPath(one) if isinstance(one, str) else one for one in series]
    return Columns(named, SCHEMES[scheme], PathTable() if paths is None else paths)


def points(found):
    """Return the points of a page's values."""
    return list(zip(found.paths.each, found.values, strict=True))


def test_each_number_has_its_path():
    """In the order of the page."""
    kept = columns("a", "b").values([1, 2.5])

    assert [("a", 1), ("b", 2.5)] == points(kept)


def test_what_is_not_wanted_has_none():
    """Its numbers may be what they like."""
    made = columns("a", None, "b")

    for number in (7.0, math.nan, math.inf, -math.inf):
        kept = made.values([1.0, number, 2.0])

        assert [("a", 1.0), ("b", 2.0)] == points(kept)
        assert (0, 0) == (kept.not_finite, kept.repeated)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_graphite_can_not_hold_is_left_out_and_counted(number):
    """The others keep their paths."""
    kept = columns("a", "b", "c").values([1.0, number, 3.0])

    assert [("a", 1.0), ("c", 3.0)] == points(kept)
    assert 1 == kept.not_finite


@pytest.mark.parametrize("numbers", [[1e308, 1e308], [-1e308, -1e308], [2**64 - 1] * 2])
def test_numbers_whose_sum_is_too_large_are_kept_all_the_same(numbers):
    """The sum is a short way to look at them, and no more."""
    kept = columns("a", "b").values(numbers)

    assert ([("a", numbers[0]), ("b", numbers[1])], 0) == (points(kept), kept.not_finite)


def test_a_number_is_multiplied_and_may_become_too_large():
    """Then Graphite can't hold it."""
    made = columns(SeriesPath("a", 100.0), "b")

    assert [("a", 250.0), ("b", 1.0)] == points(made.values([2.5, 1.0]))
    assert [("b", 1.0)] == points(made.values([1e307, 1.0]))
    assert 1 == made.values([1e307, 1.0]).not_finite


def test_of_a_path_that_stands_twice_the_last_number_counts():
    """The other one is counted as repeated; one that is none does not count."""
    made = columns("a", "b", "a")

    twice, once = made.values([1.0, 2.0, 3.0]), made.values([1.0, 2.0, math.nan])

    assert ([("a", 3.0), ("b", 2.0)], 1) == (points(twice), twice.repeated)
    assert ([("a", 1.0), ("b", 2.0)], 0, 1) == (points(once), once.repeated, once.not_finite)


def test_a_path_that_is_dropped_once_and_kept_once_is_not_repeated():
    """What is dropped has no path."""
    kept = columns("a", None).values([1.0, 2.0])

    assert ([("a", 1.0)], 0) == (points(kept), kept.repeated)


DISKS = ("fructosa_disk_reads_total.sda", "fructosa_disk_reads_total.sda1", None, "load")


def test_totals_are_told_besides():
    """Of what 0.3 added up, without what is dropped."""
    kept = columns(*DISKS, scheme="fructosa").values([5, 3, 100, 0.5])

    assert 5.0 == dict(points(kept))["DiskIOCounters.read_count"]
    assert [*map(str, (5, 3, 0.5))] == [f"{value:g}" for _, value in points(kept)[:3]]


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_total_of_which_a_part_is_no_number_is_not_told(number):
    """It would be told too small; a part that does not count does not matter."""
    made = columns(*DISKS, scheme="fructosa")

    without = made.values([number, 3.0, 1.0, 0.5])
    partition = made.values([5.0, number, 1.0, 0.5])

    assert [DISKS[1], "load"] == [path for path, _ in points(without)]
    assert 5.0 == dict(points(partition))["DiskIOCounters.read_count"]
    assert (1, 1) == (without.not_finite, partition.not_finite)


@given(st.lists(st.integers(2**53, 2**64 - 1), min_size=2, max_size=9))
def test_a_total_is_the_same_of_whole_numbers_and_of_broken_ones(numbers):
    """The short way reads a number without a point as a whole one."""
    made = columns(*(f"fructosa_disk_reads_total.sd{n}x" for n in range(len(numbers))))
    made = Columns(made._series, SCHEMES["fructosa"], PathTable())

    assert points(made.values(numbers)) == points(made.values([float(n) for n in numbers]))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), NUMBERS), max_size=8))
def test_whatever_the_numbers_are_all_is_kept_or_counted(pairs):
    """Nothing that Graphite can't hold gets through."""
    made = columns(*(path for path, _ in pairs))

    kept = made.values([number for _, number in pairs])

    wanted = [(path, number) for path, number in pairs if path is not None]
    finite = [(path, float(number)) for path, number in wanted if math.isfinite(number)]
    assert dict(finite) == {path: float(value) for path, value in points(kept)}
    assert len(wanted) == len(kept.values) + kept.repeated + kept.not_finite


def test_paths_are_one_object_for_all_who_have_the_same():
    """Also those of different layouts, as without the dropped series they may be the same."""
    paths = PathTable()
    one, other = columns("a", None, "b", paths=paths), columns("a", "b", paths=paths)

    found = [one.values([1, 2, 3]).paths, one.values([4, 5, 6]).paths]

    assert found[0] is found[1]
    assert found[0] is other.values([1, 2]).paths


def test_paths_that_nobody_has_any_more_are_forgotten():
    """What comes and goes leaves nothing behind."""
    paths = PathTable()
    made = Columns([SeriesPath("a"), SeriesPath("b")], Plain(), paths)
    for number in (1.0, math.nan):
        made.values([number, 2.0])
    del made
    gc.collect()

    assert 0 == len(paths)
