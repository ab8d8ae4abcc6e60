"""One reading at a time asks a driver; while it hangs, no other one joins it."""

import threading
import time
from collections.abc import Callable

# Below any usual deadline of a sensor, above what a driver takes that does not hang.
TIMEOUT_S = 1.0


class DriverHangs(Exception):
    """Another sensor has waited for the driver for too long."""


class DriverLock:
    """Held by one sensor after the other."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._lock = threading.Lock()
        self._clock, self._patience_s = clock, timeout_s
        self._holder, self._since_s = "", 0.0

    def held_by(self, name: str) -> "DriverLock":
        """Wait for the lock and take it for the sensor *name*: ``with lock.held_by(name):``.

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
        """Hold it."""

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        self._lock.release()
