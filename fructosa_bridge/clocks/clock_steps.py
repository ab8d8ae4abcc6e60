"""How far the clock was set: times of before are shown as what they are in the new time.

A clock that is wrong at boot is set within minutes, by years. Without this, pages would show ages
of decades then.
"""

import asyncio
import time
from collections.abc import Callable

# NTP corrects a clock gently, or in a step.
_SHORTEST_S = 1.0
_EVERY_S = 5.0


def uptime() -> float:
    """Return the seconds since the boot, by a clock that nobody sets; it goes on in a suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ClockSteps:
    """Compares the clock with one that nobody sets."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = uptime,
    ) -> None:
        self._clock, self._steady = clock, steady
        self._offset_s = clock() - steady()

    def step(self) -> float:
        """Return by how many seconds the clock was set since the last call, 0 if it was not."""
        step_s = self._clock() - self._steady() - self._offset_s
        self._offset_s += step_s
        return step_s if abs(step_s) >= _SHORTEST_S else 0.0

    async def follow(self, was_set: Callable[[float, float], None]) -> None:
        """Call *was_set* with each step and the new time, for ever."""
        while True:
            await asyncio.sleep(_EVERY_S)
            if step_s := self.step():
                was_set(step_s, self._clock())
