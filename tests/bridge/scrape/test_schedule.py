"""When targets are due."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.scrape import schedule

intervals = st.integers(1, 86400)
moments = st.floats(1e9, 4e9)


@given(identity=st.text(), interval_s=intervals)
def test_a_target_has_its_own_moment_of_the_interval(identity, interval_s):
    """The moment lies within the interval, and is the same whenever it is asked for."""
    found = schedule.offset(identity, interval_s)

    assert 0 <= found < interval_s
    assert schedule.offset(identity, interval_s) == found


@given(identity=st.text(), interval_s=intervals)
def test_moments_are_quarters_of_a_second(identity, interval_s):
    """Scrapes that come together cost half; nobody minds an eighth of a second."""
    assert (4 * schedule.offset(identity, interval_s)).is_integer()


@given(identities=st.lists(st.text(), min_size=2), interval_s=intervals, now_s=moments)
def test_targets_that_are_scraped_together_have_one_moment(identities, interval_s, now_s):
    """That at which the interval begins, on all machines with a right clock."""
    due = {
        schedule.next_due(
            now_s, interval_s, schedule.offset(identity, interval_s, is_together=True)
        )
        for identity in identities
    }

    (due_s,) = due
    assert 0 == due_s % interval_s


def test_quarters_of_a_second_are_shared_evenly():
    """Of ten thousand nodes in ten seconds no moment has twice its part."""
    moments = Counter(schedule.offset(f"compute/node{n:05}:9888", 10) for n in range(10_000))

    assert 40 == len(moments)
    assert max(moments.values()) < 500


def test_targets_are_spread_evenly():
    """No tenth of the interval has much more than a tenth of a thousand nodes."""
    tenths = Counter(int(schedule.offset(f"compute/node{n:04}:9888", 10)) for n in range(1000))

    assert set(range(10)) == set(tenths)
    assert max(tenths.values()) < 150


@given(now_s=moments, interval_s=intervals, part=st.floats(0, 0.999))
def test_the_next_due_time_is_less_than_an_interval_away(now_s, interval_s, part):
    """It is after now, and no slot between is passed over."""
    due_s = schedule.next_due(now_s, interval_s, part * interval_s)

    assert now_s < due_s
    assert due_s - now_s <= interval_s + 1e-6


@given(now_s=moments, interval_s=intervals, identity=st.text())
def test_due_times_fall_into_distinct_whisper_slots(now_s, interval_s, identity):
    """Ten due times in a row lie in ten neighbouring slots: no gap, no double."""
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
    """A long scrape misses what lies between; a clock that was set back misses none."""
    assert expected == schedule.missed(due_s, next_s, 10)
