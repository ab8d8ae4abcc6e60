"""What is known of a target, and the totals over several targets."""

from fructosa_bridge.scrape.target_state import (
    CLOCK_AHEAD,
    CLOCK_BEHIND,
    ScrapeTotals,
    TargetState,
    clock_text,
)

from .targets import new_target


def test_before_its_first_scrape_a_target_is_neither_up_nor_down():
    """Otherwise it would look down after each start."""
    state = TargetState(new_target())

    assert state.up is None
    assert (state.error, state.due_s, state.scrapes) == (None, None, 0)


def test_its_times_move_with_the_clock_that_is_set():
    """Else a target that went down before would be down for years, or from tomorrow on."""
    now_s, step_s = 2e9, 9 * 365 * 86400.0
    state = TargetState(new_target(), due_s=now_s - step_s - 7, down_since_s=now_s - step_s - 60)

    state.clock_was_set(step_s, now_s)
    TargetState(new_target()).clock_was_set(step_s, now_s)

    assert (now_s - 7, now_s - 60) == (state.due_s, state.down_since_s)


def test_a_clock_that_is_off_is_described():
    """With the direction; one that is right, or not known, is no text."""
    assert CLOCK_AHEAD.format(off="1.6 s") == clock_text(1.6)
    assert CLOCK_BEHIND.format(off="2 h") == clock_text(-7200.5)
    assert "" == clock_text(None)


def test_the_totals_of_targets_are_added():
    """All of their scrapes, not only the last ones."""
    state = TargetState(
        new_target(),
        samples=7,
        scrapes=3,
        failures=1,
        missed=2,
        samples_total=14,
        not_finite=4,
        repeated=5,
        seconds_total=0.5,
    )
    totals = ScrapeTotals()

    totals.add(state)
    totals.add(state)

    expected = ScrapeTotals(
        scrapes=6, failures=2, samples=28, missed=4, not_finite=8, repeated=10, seconds=1.0
    )
    assert expected == totals
