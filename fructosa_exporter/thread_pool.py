"""Threads that do what may hang, so that nobody else has to wait for it.

A call into the kernel can't be interrupted: a dead file server holds it for ever. So such calls
run in a thread of a pool. One thread runs one task after another; a task that takes long keeps its
thread, and the tasks behind it get a new one. A pool thus has a thread for each task that hangs,
and one more.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

# Readings take a few milliseconds. What takes longer than this should not hold up the others.
SLOW_AFTER_S = 0.1


class Task:
    """Something to do; ``began_s`` says since when it is being done, None while it is not."""

    began_s: float | None = None

    def run(self) -> Any:
        """Do it, in a thread of the pool; return the result. Must not raise."""
        raise NotImplementedError


class ThreadPool:
    """Runs tasks; their results wait for who takes them.

    *wake* is called from a thread of the pool when there are results and nothing more to do.
    """

    def __init__(
        self,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        slow_after_s: float = SLOW_AFTER_S,
    ) -> None:
        self._wake = wake
        self._clock = clock
        self._slow_after_s = slow_after_s
        self._tasks: deque[Task] = deque()
        self._wakeups: SimpleQueue[None] = SimpleQueue()  # to wake a thread that found no task
        self._submitted = 0
        self._begun = 0
        self._lock = threading.Lock()  # of _begun, which several threads count
        self._results: deque[tuple[Task, Any]] = deque()
        self._thread: _PoolThread | None = None

    def submit(self, *tasks: Task) -> None:
        """Have *tasks* run after those submitted before; none again before its result was taken.

        Together they cost one switch between threads, one by one each its own.
        """
        self._submitted += len(tasks)
        self._tasks.extend(tasks)
        self._wakeups.put(None)
        if self._thread is None:
            self._start_thread()

    def results(self) -> Iterator[tuple[Task, Any]]:
        """Yield the tasks that are done, with their results, each once."""
        while self._results:
            yield self._results.popleft()

    def replace_slow_thread(self) -> float:
        """Give the tasks behind one that takes long to a new thread.

        Return when to look again, on the pool's clock; infinity while no task waits for another.
        """
        if self._begun == self._submitted:
            return math.inf
        task, now_s = self._thread and self._thread.task, self._clock()
        began_s = task.began_s if task else None
        if began_s is not None and now_s < began_s + self._slow_after_s:
            return began_s + self._slow_after_s
        if began_s is not None:
            self._start_thread()
        return now_s + self._slow_after_s

    def _start_thread(self) -> None:
        self._thread = _PoolThread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        me = threading.current_thread()
        assert isinstance(me, _PoolThread)  # noqa: S101 - started above
        # Replaced between this look and the next line, it runs one task more. That does no harm.
        while me is self._thread:
            try:
                task = me.task = self._tasks.popleft()
            except IndexError:
                self._wakeups.get()
                continue
            task.began_s = self._clock()
            with self._lock:
                self._begun += 1
            result = task.run()
            me.task = None
            task.began_s = None
            self._results.append((task, result))
            if not self._tasks or me is not self._thread:
                self._wake()


class _PoolThread(threading.Thread):
    """A thread, and what it is busy with."""

    task: Task | None = None
