"""A bound on what a logger writes: whoever causes messages must not fill the disk with them."""

import logging
import threading
import time
from collections.abc import Callable

MOST = 20
WINDOW_S = 600.0
LEFT_OUT = " (%d messages like this were left out in the last %d s)"


class LogLimit(logging.Filter):
    """Lets *most* messages with the same text, before its values, pass in a window of time.

    The first one after it says how many were left out.
    """

    def __init__(
        self,
        most: int = MOST,
        window_s: float = WINDOW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._most = most
        self._window_s = window_s
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[float, int]] = {}  # begin and number of messages

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a message is to be logged."""
        text, now_s = str(record.msg), self._clock()
        with self._lock:
            begin_s, count = self._windows.get(text, (now_s, 0))
            is_over = now_s >= begin_s + self._window_s
            self._windows[text] = (now_s, 1) if is_over else (begin_s, count + 1)
        if not is_over:
            return count < self._most
        if count > self._most:
            record.msg = f"{text}{LEFT_OUT % (count - self._most, self._window_s)}"
        return True
