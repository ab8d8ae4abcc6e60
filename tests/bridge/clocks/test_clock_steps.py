"""How far the clock was set."""

import asyncio
import time

import pytest

from fructosa_bridge.clocks import clock_steps
from fructosa_bridge.clocks.clock_steps import ClockSteps, uptime

YEAR_S = 365 * 86400.0


class Clocks:
    """The clock, and the one that nobody sets."""

    def __init__(self):
        self.now_s, self.up_s = 1_000_000_000.0, 100.0
        self.steps = ClockSteps(lambda: self.now_s, lambda: self.up_s)

    def pass_time(self, seconds, step_s=0.0):
        """Let time pass; set the clock by *step_s*."""
        self.now_s += seconds + step_s
        self.up_s += seconds


@pytest.mark.parametrize("step_s", [9 * YEAR_S, -9 * YEAR_S, 1.0, -3600.0])
def test_a_step_is_seen_once(step_s):
    """Forward and back; whatever time has passed."""
    clocks = Clocks()

    clocks.pass_time(3600)
    assert clocks.steps.step() == 0
    clocks.pass_time(10, step_s)
    assert step_s == pytest.approx(clocks.steps.step(), abs=1e-6)
    clocks.pass_time(10)
    assert clocks.steps.step() == 0


def test_a_clock_that_is_corrected_gently_has_no_step():
    """Nor is it taken for one after an hour of that."""
    clocks = Clocks()

    for _ in range(3600):
        clocks.pass_time(1, 0.0005)
        assert clocks.steps.step() == 0


async def test_who_follows_the_clock_is_told_of_steps(monkeypatch):
    """With the new time."""
    monkeypatch.setattr(clock_steps, "_EVERY_S", 0.001)
    clocks, told = Clocks(), asyncio.Queue()
    following = asyncio.create_task(clocks.steps.follow(lambda *step: told.put_nowait(step)))

    clocks.pass_time(1, 7200)

    assert (7200.0, clocks.now_s) == await asyncio.wait_for(told.get(), 20)
    following.cancel()


def test_the_uptime_goes_on():
    """It is that of the machine."""
    assert uptime() >= time.monotonic() - 1
