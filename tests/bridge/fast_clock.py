"""A clock that makes waiting ten times as fast, for tests with real sockets."""

import time
from contextlib import contextmanager
from unittest import mock

_SPEED = 10
# The loop waits for its sockets this long, in real seconds, before the clock goes on.
_POLL_S = 0.001


@contextmanager
def fast_clock(loop):
    """Speed up the clock of an event *loop*; the value is a function like time.time().

    The clock goes on only while the loop has nothing to do. So it stands still on a slow machine,
    and no timeout expires that would not have expired otherwise. While a thread works, the clock
    has its usual speed.
    """
    clock = _Clock(loop)
    began_s = time.time() - clock.now_s
    with (
        mock.patch.object(loop, "time", clock.time),
        mock.patch.object(loop, "run_in_executor", clock.run_in_executor),
        mock.patch.object(loop._selector, "select", clock.select),
    ):
        yield lambda: began_s + clock.time()


class _Clock:
    """Goes on while a loop waits."""

    def __init__(self, loop):
        self.now_s = loop.time()
        self._run, self._select = loop.run_in_executor, loop._selector.select
        self._threads = 0

    def time(self):
        """Return the time of the loop, in seconds."""
        return self.now_s

    def select(self, timeout=None):
        """Poll the sockets; if none is ready, let time pass."""
        if timeout is None or timeout <= 0:
            return self._select(timeout)
        speed = 1 if self._threads else _SPEED
        poll_s = min(timeout / speed, _POLL_S)
        events = self._select(poll_s)
        if not events:
            self.now_s += poll_s * speed
        return events

    def run_in_executor(self, *arguments):
        """Run a function in a thread, and count the thread until it ends."""
        running = self._run(*arguments)
        self._threads += 1
        running.add_done_callback(self._end)
        return running

    def _end(self, _):
        self._threads -= 1
