"""One reading at a time asks a driver; while it hangs, no other one joins it."""

import threading
import time
from collections.abc import Callable

# Below any usual deadline of a sensor, above what a driver takes that does not hang.
PATIENCE_S = 1.0


class DriverHangs(Exception):
    """Another sensor has waited for the driver for too long."""


class Turn:
    """Given to one sensor after the other."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, patience_s: float = PATIENCE_S
    ) -> None:
        self._lock = threading.Lock()
        self._clock, self._patience_s = clock, patience_s
        self._holder, self._since_s = "", 0.0

    def of(self, name: str) -> "Turn":
        """Wait for the turn and take it, under the *name* of who has it: ``with turn.of(name):``.

        Raises: DriverHangs when it is not given back in time.
        """
        left_s = self._patience_s
        if self._lock.locked():
            left_s -= self._clock() - self._since_s
        if not self._lock.acquire(timeout=max(0.0, left_s)):
            waited_s = self._clock() - self._since_s
            raise DriverHangs(f"{self._holder} has waited for the driver for {waited_s:.1f} s")
        self._holder, self._since_s = name, self._clock()
        return self

    def __enter__(self) -> None:
        """Have it."""

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._lock.release()
