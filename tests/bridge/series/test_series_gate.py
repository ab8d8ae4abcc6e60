"""Which points pass: all of honest nodes, and what a node says if its own do not."""

import pytest

from fructosa_bridge.model.points import Paths, Points
from fructosa_bridge.model.target import Target
from fructosa_bridge.series.known_series import (
    HOUR_S,
    NEW_SERIES_LIMIT,
    SERIES_LIMIT,
    TOTAL_SERIES_LIMIT,
)
from fructosa_bridge.series.series_gate import WARNINGS, SeriesGate


def target(host="n1", **settings):
    """Return a target."""
    return Target(group="all", host=host, port=1, graphite_path=host, **settings)


def points(*values, metric="m"):
    """Return points with these values of a label; each point has its number as its value."""
    return Points("n1.", Paths(tuple(f"{metric}.x.{one}" for one in values)), "", values)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        """Return the time."""
        return self.now_s


@pytest.fixture
def clock():
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def gate(clock):
    """Return a gate with a clock that stands still."""
    return SeriesGate(clock=clock)


def test_the_points_of_honest_nodes_pass_as_they_are(gate):
    """The same object: they cost one comparison a page."""
    found = points(1, 2, 3)

    assert found is gate.stored(target(), 100, found).points
    assert (found, {}, None) == gate.stored(target(), 100, found)


def test_points_of_series_beyond_the_limit_do_not_pass(gate):
    """Those of all other series keep their values."""
    gate.stored(target(new_series_limit=1), 100, points(1))
    kept, refused, warning = gate.stored(target(new_series_limit=1), 100, points(3, 1, 2))

    assert [("n1.m.x.3", 3), ("n1.m.x.1", 1)] == list(kept)
    assert {NEW_SERIES_LIMIT: 1} == refused
    assert WARNINGS[NEW_SERIES_LIMIT].format(path="'m.x.2'", limit=1) == warning


def test_each_page_counts_what_is_not_stored_of_it(gate):
    """Also if it is the same page again."""
    pages = points(*range(10))

    assert [{SERIES_LIMIT: 6}] * 3 == [gate.stored(target(), 4, pages).refused for _ in "123"]


def test_what_is_not_stored_is_stored_as_soon_as_it_may(gate, clock):
    """A page that stays as it is is looked at again each minute."""
    one, page = target(new_series_limit=60), points(*range(200))
    gate.stored(one, 1000, points(0))
    gate.stored(one, 1000, page)
    clock.now_s = 59.0
    assert 61 == len(gate.stored(one, 1000, page).points)
    clock.now_s = 61.0
    assert 62 == len(gate.stored(one, 1000, page).points)


def test_the_warning_stays_for_an_hour(gate, clock):
    """A node that is over its limit now and then fills no log."""
    one = target(series_limit=2)
    first = gate.stored(one, 100, points(1, 2, 3)).warning

    assert first == gate.stored(one, 100, points(1)).warning
    assert first == gate.stored(one, 100, points(4, 5)).warning
    clock.now_s = HOUR_S
    assert gate.stored(one, 100, points(1)).warning is None


def test_a_node_that_fills_the_limit_of_all_costs_only_its_own_share(clock):
    """Others get their series, up to their share of it."""
    gate = SeriesGate(total_limit=100, clock=clock)
    gate.stored(target("n2"), 1000, points(1))
    evil = gate.stored(target("n1"), 1000, points(*range(1000)))

    assert {TOTAL_SERIES_LIMIT: 901} == evil.refused
    assert {} == gate.stored(target("n2"), 1000, points(*range(49))).refused
    assert {TOTAL_SERIES_LIMIT: 50} == gate.stored(target("n2"), 1000, points(*range(100))).refused


def test_targets_that_are_gone_leave_room(clock):
    """After a reload."""
    gate = SeriesGate(total_limit=100, clock=clock)
    gate.stored(target("n1"), 1000, points(*range(100)))
    gate.keep_only([target("n2")])

    assert {} == gate.stored(target("n2"), 1000, points(*range(100))).refused
    assert ["all/n2:1"] == [name for name, _ in gate.changed(10)]


def test_a_cluster_that_starts_and_is_upgraded_loses_nothing(gate):
    """Two hundred nodes, with half of their metrics new."""
    nodes = [target(f"n{number}") for number in range(200)]
    before = points(*range(300))
    after = Points(
        "",
        Paths((*before.paths.each, *points(*range(300), metric="n").paths.each)),
        "",
        [0.0] * 600,
    )

    lost = [gate.stored(one, 100_000, page).refused for page in (before, after) for one in nodes]

    assert not any(lost)
