"""A lock for a driver: one sensor at a time uses it, and while it hangs the others fail."""

import threading
import time
from collections.abc import Callable

HANGS = "the driver has not responded to the sensor {sensor} for {waited_s:.1f} s"

# Less than a usual deadline of a sensor, more than a driver takes that does not hang.
TIMEOUT_S = 1.0


class DriverHangs(Exception):
    """The driver does not respond to another sensor in time."""


class DriverLock:
    """A lock with a timeout that counts from the moment when its holder got it."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._lock = threading.Lock()
        self._clock, self._timeout_s = clock, timeout_s
        self._holder, self._since_s = "", 0.0

    def held_by(self, name: str) -> "DriverLock":
        """Acquire the lock for the sensor *name*: ``with lock.held_by(name):``.

        Raises: DriverHangs if the holder does not release it in time.
        """
        left_s = self._timeout_s
        if self._lock.locked():
            left_s -= self._clock() - self._since_s
        if not self._lock.acquire(timeout=max(0.0, left_s)):
            waited_s = self._clock() - self._since_s
            raise DriverHangs(HANGS.format(sensor=self._holder, waited_s=waited_s))
        self._holder, self._since_s = name, self._clock()
        return self

    def __enter__(self) -> None:
        """Do nothing: ``held_by`` has acquired the lock."""

    def __exit__(self, *_: object) -> None:
        """Release the lock."""
        self._lock.release()
