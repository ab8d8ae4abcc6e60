"""The values that travel through lmaster."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.access import Access
from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.model.target import Target

paths = st.text(max_size=8)
floats = st.floats(allow_nan=False)


@given(paths, st.lists(st.tuples(paths, floats), max_size=6), paths)
def test_a_point_has_what_stands_before_its_path_and_after_it(before, pairs, after):
    """The paths between are shared by many nodes."""
    shared = Paths(tuple(path for path, _ in pairs))

    points = Points(before, shared, after, [value for _, value in pairs])

    assert [(before + path + after, value) for path, value in pairs] == list(points)
    assert len(pairs) == len(points)


@given(st.lists(st.tuples(paths, floats), max_size=6))
def test_single_points_come_back_out_of_their_columns(pairs):
    """In their order, be a path there twice."""
    points = Points.of(iter(pairs))

    assert pairs == list(points)
    assert points == pairs
    assert points == Points.of(pairs)


def test_whole_numbers_and_broken_ones_are_one_kind_of_value():
    """As a page may say either; the largest whole ones are rounded as float() does."""
    points = Points("", Paths(("a", "b", "c")), "", [1, 2**64 - 1, 9007199254740993])

    assert [1.0, float(2**64 - 1), 9007199254740992.0] == list(points.values)
    assert {float} == set(map(type, points.values))


def test_a_value_too_many_is_a_fault_that_is_seen():
    """Values may be added for paths that are there already, no others."""
    points = Points("n.", Paths(("a", "up")), "", [1.0])

    with pytest.raises(ValueError, match="shorter"):
        list(points)
    points.values.append(0.0)

    assert [("n.a", 1.0), ("n.up", 0.0)] == points


def test_paths_that_are_equal_have_equal_keys():
    """Also two objects: one may be forgotten, and made again."""
    assert Paths(("a", "b")).key == Paths(("a", "b")).key
    assert Paths(("a", "b")).key != Paths(("b", "a")).key
    assert Paths(("ab",)).key != Paths(("a", "b")).key


def test_batches_are_equal_when_all_of_them_is():
    """Time, interval, and points, however these came about."""
    columns = Points("n.", Paths(("a",)), ".x", [1.0])

    assert Batch(1, 10, columns) == Batch(1, 10, [("n.a.x", 1.0)])
    assert Batch(1, 10, columns) != Batch(2, 10, columns)
    assert Batch(1, 10, columns) != Batch(1, 11, columns)
    assert Batch(1, 10, columns) != Batch(1, 10, [("n.a.x", math.pi)])
    assert Batch(1, 10, columns) != 1
    assert "Batch(1, 10, [('n.a.x', 1.0)])" == repr(Batch(1, 10, columns))


def test_a_batch_has_as_many_points_as_it_says():
    """None is one that says nothing."""
    assert (0, 2) == (len(Batch(1, 10)), len(Batch(1, 10, [("a", 1.0), ("a", 2.0)])))


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://n1:9888/metrics"),
        ({"host": "::1"}, "http://[::1]:9888/metrics"),
        ({"access": Access(tls=True), "path": "/a?b=c"}, "https://n1:9888/a?b=c"),
        ({"sensors": ("CPU", "a b&c")}, "http://n1:9888/metrics?collect[]=CPU&collect[]=a%20b%26c"),
        ({"sensors": ("A",), "path": "/a?b=c"}, "http://n1:9888/a?b=c&collect[]=A"),
    ],
)
def test_a_target_says_where_its_page_is(settings, url):
    """With what is asked of it."""
    made = Target(**{"group": "all", "host": "n1", "port": 9888, "graphite_path": "n1", **settings})

    assert url == made.url


def test_a_target_is_told_from_others_by_its_section_and_place():
    """Connecting may take half of the timeout, unless it is said how long."""
    made = Target(group="all", host="n1", port=1, graphite_path="n", timeout_s=5)
    other = Target(
        group="all", host="n1", port=1, graphite_path="n", timeout_s=5, connect_timeout_s=4
    )

    assert "all/n1:1" == made.identity
    assert (2.5, 4) == (made.effective_connect_timeout_s, other.effective_connect_timeout_s)
