"""Curves of jobs: their step doubles, and what they show stays true."""

from contextlib import suppress
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.jobs.curves import (
    MOST_POINTS,
    CurvePoints,
    JobCurve,
    coarser,
    decode,
    encode,
    over_nodes,
)
from fructosa_bridge.model.errors import ArchiveError

T0 = 1_800_000_000.0
steps = st.lists(st.tuples(st.floats(0.01, 5000), st.floats(0, 1000)), min_size=1, max_size=200)


@given(steps)
def test_a_curve_has_at_most_120_points_whose_sum_is_the_total(amounts):
    """However long the job is."""
    curve, now_s = JobCurve(is_total=True), T0 + 7
    for seconds, amount in amounts:
        curve.add_total(now_s, now_s + seconds, amount)
        now_s += seconds

    total = sum(amount for _, amount in amounts)
    assert len(curve.values) <= MOST_POINTS
    assert total == pytest.approx(sum(curve.values), rel=1e-3)


def test_points_of_a_total_are_averages_by_second():
    """Two CPUs in use are 2, also in a step that is cut by the start of the job or its end."""
    curve = JobCurve(is_total=True)
    for number in range(10):
        curve.add_total(T0 + 7 + 20 * number, T0 + 27 + 20 * number, 40.0)

    assert [2.0] * 7 == pytest.approx(curve.points().values)


@given(st.lists(st.tuples(st.floats(1, 5000), st.floats(0, 1e12)), min_size=1, max_size=200))
def test_the_maximum_of_a_level_is_never_lost(levels):
    """Joining two steps keeps the larger one."""
    curve, now_s = JobCurve(is_total=False), T0
    for seconds, level in levels:
        now_s += seconds
        curve.add_level(now_s, level)

    largest = max(level for _, level in levels)
    points = curve.points()
    assert len(points.values) <= MOST_POINTS
    assert largest == pytest.approx(max(v for v in points.values if not isnan(v)), rel=1e-6)
    assert points.start_s <= T0 + levels[0][0] < points.start_s + points.step_s


def test_the_step_doubles():
    """From 30 s for the first hour to 8 minutes for half a day."""
    curve = JobCurve(is_total=False)
    found = []
    for hours in (0.5, 1.5, 3, 12):
        for minute in range(int(hours * 60)):
            curve.add_level(T0 + minute * 60, 1.0)
        found.append(curve.step_s)

    assert [30, 60, 120, 480] == found


def test_what_is_unknown_is_no_zero():
    """Between two readings of a level nothing is known."""
    curve = JobCurve(is_total=False)
    curve.add_level(T0, 5.0)
    curve.add_level(T0 + 90, 7.0)

    assert [5.0, True, True, 7.0] == [isnan(v) or v for v in curve.points().values]


def test_over_many_nodes_there_are_their_minimum_mean_and_maximum():
    """Also if their steps differ."""
    fine = CurvePoints(T0, 30.0, [1.0, 1.0, 3.0, 3.0])
    coarse = CurvePoints(T0, 60.0, [5.0, nan])

    found = over_nodes([fine, coarse, CurvePoints(T0, 30.0, [])])

    assert {"min": [1, 3], "mean": [3, 3], "max": [5, 3]} == {
        name: curve.values for name, curve in found.items()
    }
    assert {(T0, 60.0)} == {curve[:2] for curve in found.values()}
    assert {} == over_nodes([])


def test_a_coarser_curve_lies_on_the_grid():
    """Its first step may hold one step of the finer one."""
    assert (T0, 60.0, [1.0, 2.5]) == coarser(CurvePoints(T0 + 30, 30.0, [1.0, 2.0, 3.0]), 60.0)


values = st.floats(0, 2**40, width=32) | st.just(nan)
points = st.builds(
    CurvePoints,
    st.integers(0, 10**8).map(lambda index: index * 30.0),
    st.just(30.0),
    st.lists(values, max_size=MOST_POINTS),
)


@given(st.dictionaries(st.text(max_size=8), points, max_size=4))
def test_curves_are_decoded_as_they_were_encoded(curves):
    """Within half a level of 254."""
    found = decode(encode(curves))

    assert curves.keys() == found.keys()
    for name, curve in curves.items():
        assert curve[:2] == found[name][:2]
        largest = max((v for v in curve.values if not isnan(v)), default=0)
        for before, after in zip(curve.values, found[name].values, strict=True):
            assert isnan(before) == isnan(after)
            assert isnan(before) or abs(before - after) <= largest / 500


@given(st.data())
def test_damaged_curves_are_an_error(data):
    """Never a failure of another kind."""
    whole = encode({"cpu": CurvePoints(T0, 30.0, [1.0, 2.0])})
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + 1 :]
    with suppress(ArchiveError):
        decode(damaged)
