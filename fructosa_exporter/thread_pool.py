"""A pool of threads for tasks that may hang.

A system call can't be interrupted: if a file server is down, it may block for ever. The pool
therefore runs such calls in threads of its own. One thread runs one task after the other. If a task
takes too long, a new thread takes over the tasks behind it. So a pool has one thread for each task
that hangs, and one more.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

# Most readings take a few milliseconds. A task that takes longer than this must not delay others.
SLOW_AFTER_S = 0.1


class Task:
    """A task of a pool; ``began_s`` is when it started, None while it does not run."""

    began_s: float | None = None

    def run(self) -> Any:
        """Run in a thread of the pool, and return the result. Must not raise."""
        raise NotImplementedError


class ThreadPool:
    """Runs tasks in threads and queues their results.

    *wake* is called from a thread of the pool if there are results and no more tasks to run.
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
        self._wakeups: SimpleQueue[None] = SimpleQueue()  # wakes a thread that waits for a task
        self._submitted = 0
        self._begun = 0
        self._lock = threading.Lock()  # for _begun, which several threads increment
        self._results: deque[tuple[Task, Any]] = deque()
        self._thread: _PoolThread | None = None

    def submit(self, *tasks: Task) -> None:
        """Queue *tasks*. Don't submit a task again before its result is taken.

        Submit them together: that costs one thread switch instead of one for each.
        """
        self._submitted += len(tasks)
        self._tasks.extend(tasks)
        self._wakeups.put(None)
        if self._thread is None:
            self._start_thread()

    def results(self) -> Iterator[tuple[Task, Any]]:
        """Remove and yield the finished tasks with their results."""
        while self._results:
            yield self._results.popleft()

    def replace_slow_thread(self) -> float:
        """If the current task takes too long, start a new thread for the tasks behind it.

        Return when to call this again, on the pool's clock; infinity while no task is queued.
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
        # If it is replaced right after this check, it runs one more task, which does no harm.
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
    """A thread of a pool, and the task that it runs."""

    task: Task | None = None
