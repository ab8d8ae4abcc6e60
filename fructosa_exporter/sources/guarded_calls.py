"""Calls that may hang, such as those that ask a file server: none is waited for too long."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from fructosa_exporter.thread_pool import Task, ThreadPool


def result_or_error(call: Callable[[], Any]) -> Any:
    """Return what *call* returns, or the OSError that it raises."""
    try:
        return call()
    except OSError as error:
        return error


class _Call(Task):
    """A call, whose result may be an error."""

    def __init__(self, key: str, call: Callable[[], Any]) -> None:
        self.key = key
        self._call = call

    def run(self) -> Any:
        return result_or_error(self._call)


class GuardedCalls:
    """Calls that may hang, each under a key; none is made again while it still hangs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._woken = threading.Event()
        self._clock = clock
        self._pool = ThreadPool(self._woken.set, clock)
        self._under_way: set[str] = set()

    def results(self, calls: Mapping[str, Callable[[], Any]], timeout_s: float) -> dict[str, Any]:
        """Make the *calls*; return what came back within *timeout_s*: values, or OSErrors."""
        until_s = self._clock() + timeout_s
        self._taken()  # what came back too late is old, and its key can be called again
        waiting = calls.keys() - self._under_way
        found: dict[str, Any] = {}
        self._under_way |= waiting
        if waiting:
            self._pool.submit(*(_Call(key, call) for key, call in calls.items() if key in waiting))
        while waiting - found.keys() and (now_s := self._clock()) < until_s:
            self._woken.wait(min(until_s, self._pool.replace_slow_thread()) - now_s)
            self._woken.clear()
            found |= self._taken()
        return {key: value for key, value in found.items() if key in waiting}

    def _taken(self) -> dict[str, Any]:
        taken = {
            call.key: result for call, result in self._pool.results() if isinstance(call, _Call)
        }
        self._under_way -= taken.keys()
        return taken
