"""Waiting that takes a fraction of its time, for tests whose sockets are real."""

import time
from contextlib import contextmanager
from unittest import mock

_TIMES_AS_FAST = 10
# So long the loop looks at its sockets before the clock goes on, in real seconds.
_LOOK_S = 0.001


@contextmanager
def haste(loop):
    """Make the clock of an event *loop* hurry; the value tells its seconds since 1970.

    It goes on only while nothing is left to do. So it stands still where the machine is slow, and
    no deadline passes that would not have passed otherwise. While a thread works it is a clock as
    others are.
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
    """Goes on where a loop waits."""

    def __init__(self, loop):
        self.now_s = loop.time()
        self._run, self._select = loop.run_in_executor, loop._selector.select
        self._threads = 0

    def time(self):
        """Return the seconds on the loop's own clock."""
        return self.now_s

    def select(self, timeout=None):
        """Look at the sockets; where nothing has come of it, time has passed."""
        if timeout is None or timeout <= 0:
            return self._select(timeout)
        pace = 1 if self._threads else _TIMES_AS_FAST
        look_s = min(timeout / pace, _LOOK_S)
        found = self._select(look_s)
        if not found:
            self.now_s += look_s * pace
        return found

    def run_in_executor(self, *arguments):
        """Run something in a thread, and know of it until it is done."""
        running = self._run(*arguments)
        self._threads += 1
        running.add_done_callback(self._done)
        return running

    def _done(self, _):
        self._threads -= 1
