"""Whether this machine's clock can be trusted enough to delete what is old by it.

A clock may be wrong by days after a boot, until it is set. By such a clock everything is old.
"""

import time
from collections.abc import Callable

# The clock is set within minutes of a boot, if it is set at all.
_SETTLED_S = 600.0
# NTP corrects a clock gently, or in a step.
_STEP_S = 30.0


class SettledClock:
    """A clock that is settled when it was not set for ten minutes; ask is_settled() now and then.

    That is measured by the clock that nobody sets, which stands still while the machine is
    suspended.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._offset_s = clock() - monotonic()
        self._since_s = monotonic()

    def is_settled(self) -> bool:
        """Return whether the clock was not set for a while."""
        now_s = self._monotonic()
        offset_s = self._clock() - now_s
        if abs(offset_s - self._offset_s) > _STEP_S:
            self._offset_s, self._since_s = offset_s, now_s
        return now_s - self._since_s >= _SETTLED_S
