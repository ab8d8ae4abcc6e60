"""Runs calls that may hang, such as those to a file server, with a timeout."""

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
    """A call whose result is its value or an OSError."""

    def __init__(self, key: str, call: Callable[[], Any]) -> None:
        self.key = key
        self._call = call

    def run(self) -> Any:
        return result_or_error(self._call)


class GuardedCalls:
    """Runs calls that may hang, each with a key. A call that hangs is not made again meanwhile."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._woken = threading.Event()
        self._clock = clock
        self._pool = ThreadPool(self._woken.set, clock)
        self._pending: set[str] = set()

    def results(self, calls: Mapping[str, Callable[[], Any]], timeout_s: float) -> dict[str, Any]:
        """Make the *calls*; return values or OSErrors of those that return within *timeout_s*."""
        until_s = self._clock() + timeout_s
        self._take_results()  # discard late results; their keys can be called again
        waiting = calls.keys() - self._pending
        results: dict[str, Any] = {}
        self._pending |= waiting
        if waiting:
            self._pool.submit(*(_Call(key, call) for key, call in calls.items() if key in waiting))
        while waiting - results.keys() and (now_s := self._clock()) < until_s:
            self._woken.wait(min(until_s, self._pool.replace_slow_thread()) - now_s)
            self._woken.clear()
            results |= self._take_results()
        return {key: value for key, value in results.items() if key in waiting}

    def _take_results(self) -> dict[str, Any]:
        results = {
            call.key: result for call, result in self._pool.results() if isinstance(call, _Call)
        }
        self._pending -= results.keys()
        return results
