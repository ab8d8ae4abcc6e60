"""Whether the clock can be trusted to tell what is old."""

import pytest

from fructosa_bridge.clocks.settled_clock import SettledClock


class Clocks:
    """The machine's clock, and the one that nobody sets."""

    def __init__(self):
        self.now_s, self.monotonic_s = 1.8e9, 5.0
        self.settled = SettledClock(lambda: self.now_s, lambda: self.monotonic_s)

    def wait(self, seconds, drift=0.0):
        """Let time pass."""
        self.now_s += seconds * (1 + drift)
        self.monotonic_s += seconds
        return self.settled.is_settled()


@pytest.fixture
def clocks():
    """Both clocks, at the start of lmaster."""
    return Clocks()


def test_a_clock_is_settled_ten_minutes_after_the_start(clocks):
    """At a boot it may be wrong by days, until it is set."""
    assert [False, False, True] == [clocks.wait(seconds) for seconds in (0, 599, 1)]


@pytest.mark.parametrize("step_s", [30 * 86400, -30 * 86400, 3600])
def test_a_step_of_the_clock_ends_that_for_ten_minutes(clocks, step_s):
    """It may be the error, or its correction; a suspend looks the same."""
    clocks.wait(1000)
    clocks.now_s += step_s

    assert [False, False, True] == [clocks.wait(seconds) for seconds in (1, 598, 2)]


def test_a_clock_that_is_corrected_gently_stays_settled(clocks):
    """As NTP does, by half a millisecond a second at most."""
    clocks.wait(1000)

    assert all(clocks.wait(60, drift=5e-4) for _ in range(60))
