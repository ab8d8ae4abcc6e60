"""One reading at a time asks a driver; while it hangs, no other one joins it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Wait for the turn and have it, under the *name* of who has it.

        Raises: DriverHangs when it is not given back in time.
        """
        left_s = self._patience_s
        if self._lock.locked():
            left_s -= self._clock() - self._since_s
        if not self._lock.acquire(timeout=max(0.0, left_s)):
            waited_s = self._clock() - self._since_s
            raise DriverHangs(f"{self._holder} has waited for the driver for {waited_s:.1f} s")
        self._holder, self._since_s = name, self._clock()
        try:
            yield
        finally:
            self._lock.release()
