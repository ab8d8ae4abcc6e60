"""Points in columns, and batches of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.points import MOST_POINTS, Batch, Paths, Points

paths = st.text(max_size=8)
floats = st.floats(allow_nan=False)


@given(paths, st.lists(st.tuples(paths, floats), max_size=6), paths)
def test_the_path_of_a_point_is_prefix_path_and_suffix(before, pairs, after):
    """The paths in between are shared by many nodes."""
    shared = Paths(tuple(path for path, _ in pairs))

    points = Points(before, shared, after, [value for _, value in pairs])

    assert [(before + path + after, value) for path, value in pairs] == list(points)
    assert len(pairs) == len(points)


@given(st.lists(st.tuples(paths, floats), max_size=6))
def test_points_in_columns_are_the_points_they_were_made_of(pairs):
    """They keep their order; a path may be repeated."""
    points = Points.of(iter(pairs))

    assert pairs == list(points)
    assert points == pairs
    assert points == Points.of(pairs)


def test_integers_and_floats_are_stored_as_floats():
    """A page may contain both; large integers are rounded as float() does."""
    points = Points("", Paths(("a", "b", "c")), "", [1, 2**64 - 1, 9007199254740993])

    assert [1.0, float(2**64 - 1), 9007199254740992.0] == list(points.values)
    assert {float} == set(map(type, points.values))


def test_paths_and_values_of_different_length_raise_an_error():
    """Iterating over them would otherwise drop points silently."""
    points = Points("n.", Paths(("a", "up")), "", [1.0])

    with pytest.raises(ValueError, match="shorter"):
        list(points)
    points.values.append(0.0)

    assert [("n.a", 1.0), ("n.up", 0.0)] == points


def test_equal_paths_have_equal_keys():
    """Also if they are two objects: one may have been freed and created again."""
    assert Paths(("a", "b")).key == Paths(("a", "b")).key
    assert Paths(("a", "b")).key != Paths(("b", "a")).key
    assert Paths(("ab",)).key != Paths(("a", "b")).key


def test_batches_are_equal_if_time_interval_and_points_are():
    """It does not matter how the points were made."""
    columns = Points("n.", Paths(("a",)), ".x", [1.0])

    assert Batch(1, 10, columns) == Batch(1, 10, [("n.a.x", 1.0)])
    assert Batch(1, 10, columns) != Batch(2, 10, columns)
    assert Batch(1, 10, columns) != Batch(1, 11, columns)
    assert Batch(1, 10, columns) != Batch(1, 10, [("n.a.x", math.pi)])
    assert Batch(1, 10, columns) != 1
    assert "Batch(1, 10, [('n.a.x', 1.0)])" == repr(Batch(1, 10, columns))


def test_the_length_of_a_batch_is_its_number_of_points():
    """It is 0 without points; repeated paths count each time."""
    assert (0, 2) == (len(Batch(1, 10)), len(Batch(1, 10, [("a", 1.0), ("a", 2.0)])))


def test_the_points_of_a_large_page_have_parts():
    """Their paths are the same objects each time, as those of all pages."""
    paths = Paths(tuple(f"p{number}" for number in range(2 * MOST_POINTS + 5)))
    points = Points("n.", paths, ".x", range(len(paths.each)))

    parts = list(points.parts())

    assert [MOST_POINTS, MOST_POINTS, 5] == list(map(len, parts))
    assert list(points) == [point for part in parts for point in part]
    assert all(one.paths is other.paths for one, other in zip(parts, points.parts(), strict=True))
    small = Points("n.", Paths(("a",)), "", [1])
    assert small.paths is next(small.parts()).paths
