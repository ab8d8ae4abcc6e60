"""When targets are due."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.scrape import schedule

intervals = st.integers(1, 86400)
moments = st.floats(1e9, 4e9)


@given(identity=st.text(), interval_s=intervals)
def test_the_offset_of_a_target_is_constant_and_within_the_interval(identity, interval_s):
    """So a target is scraped at the same moments after a restart."""
    offset_s = schedule.offset(identity, interval_s)

    assert 0 <= offset_s < interval_s
    assert schedule.offset(identity, interval_s) == offset_s


@given(identity=st.text(), interval_s=intervals)
def test_offsets_are_quarters_of_a_second(identity, interval_s):
    """Scrapes at the same moment cost half, and nobody minds an eighth of a second."""
    assert (4 * schedule.offset(identity, interval_s)).is_integer()


@given(identities=st.lists(st.text(), min_size=2), interval_s=intervals, now_s=moments)
def test_targets_that_are_scraped_together_are_due_at_the_same_time(identities, interval_s, now_s):
    """At the start of the interval, on all machines whose clocks are right."""
    due = {
        schedule.next_due(
            now_s, interval_s, schedule.offset(identity, interval_s, is_together=True)
        )
        for identity in identities
    }

    (due_s,) = due
    assert 0 == due_s % interval_s


@pytest.mark.parametrize(("targets", "slots_per_s", "most"), [(10_000, 4, 500), (1000, 1, 150)])
def test_offsets_are_spread_evenly(targets, slots_per_s, most):
    """No slot of an interval of ten seconds has much more than its part of the targets."""
    slots = Counter(
        int(schedule.offset(f"compute/node{n:05}:9888", 10) * slots_per_s) for n in range(targets)
    )

    assert set(range(10 * slots_per_s)) == set(slots)
    assert max(slots.values()) < most


@given(now_s=moments, interval_s=intervals, part=st.floats(0, 0.999))
def test_the_next_due_time_is_at_most_an_interval_away(now_s, interval_s, part):
    """It is after now, and no slot is skipped."""
    due_s = schedule.next_due(now_s, interval_s, part * interval_s)

    assert now_s < due_s
    assert due_s - now_s <= interval_s + 1e-6


@given(now_s=moments, interval_s=intervals, identity=st.text())
def test_successive_due_times_are_in_successive_whisper_slots(now_s, interval_s, identity):
    """Ten due times are in ten adjoining slots: none is empty, none has two points."""
    offset_s = schedule.offset(identity, interval_s)
    due_s = schedule.next_due(now_s, interval_s, offset_s)
    slots = []
    for _ in range(10):
        slots.append(int(due_s) // interval_s)
        due_s = schedule.next_due(due_s, interval_s, offset_s)

    assert list(range(slots[0], slots[0] + 10)) == slots


@pytest.mark.parametrize(
    ("due_s", "next_s", "expected"),
    [(100.5, 110.5, 0), (100.5, 120.5, 1), (100.5, 400.5, 29), (100.5, 90.5, 0)],
)
def test_missed_slots_are_those_between_two_scrapes(due_s, next_s, expected):
    """A long scrape misses those in between; if the clock was set back, none is missed."""
    assert expected == schedule.missed(due_s, next_s, 10)


@pytest.mark.parametrize(
    ("now_s", "expected"),
    [(100.5, 100.5), (110.4, 100.5), (110.5, 110.5), (163.0, 160.5), (42.0, 100.5)],
)
def test_who_comes_late_takes_the_latest_due_time_that_has_passed(now_s, expected):
    """Within an interval, and before it is due, the due time stays."""
    assert expected == schedule.latest_due(now_s, 100.5, 10)


@given(now_s=moments, late_s=st.floats(0, 1e6), interval_s=intervals, identity=st.text())
def test_the_latest_due_time_is_less_than_an_interval_ago(now_s, late_s, interval_s, identity):
    """It is one of the target's due times, and the next one is after now."""
    offset_s = schedule.offset(identity, interval_s)
    due_s = schedule.next_due(now_s, interval_s, offset_s)

    latest_s = schedule.latest_due(due_s + late_s, due_s, interval_s)

    assert latest_s <= due_s + late_s < latest_s + interval_s
    assert latest_s + interval_s == schedule.next_due(due_s + late_s, interval_s, offset_s)


@pytest.mark.parametrize(
    ("missed", "passed_s", "expected"),
    [(850_000_000, 4.0, 1), (6, 64.0, 6), (2, 25.0, 2), (0, 100.0, 0)],
    ids=["nine years ahead", "suspended", "a long scrape", "in time"],
)
def test_no_more_slots_are_missed_than_there_was_time_for(missed, passed_s, expected):
    """A clock that is set ahead has no slots in between."""
    assert expected == schedule.possible(missed, passed_s, 10)


@pytest.mark.parametrize("step_s", [9 * 365 * 86400.0, -9 * 365 * 86400.0])
def test_a_time_of_before_moves_with_the_clock(step_s):
    """One of after the step, but before it was seen, does not."""
    now_s = 2e9

    assert now_s - 60 == schedule.moved(now_s - 60 - step_s, step_s, now_s)
    assert now_s - 1 == schedule.moved(now_s - 1, step_s, now_s)
