"""What goes on beside all else in an event loop: tasks that never end, and work that takes long.

A task that ends by itself is an error.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Generator, Hashable
from functools import partial
from heapq import heappop, heappush

log = logging.getLogger(__name__)

INTERNAL_ERROR = "internal error in a background task"

# How long all else waits at a time.
_TURN_S = 0.005
_SHORT_STEPS = 20


class Tasks:
    """Running tasks, by a key each."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def has_failed(self) -> bool:
        """Whether a task has ended by itself."""
        return self._failure.done()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._running

    def begin(self, key: Hashable, work: Coroutine[None, None, None]) -> None:
        """Start a task."""
        task = self._running[key] = asyncio.create_task(work)
        task.add_done_callback(partial(self._check_end, key))

    def _check_end(self, key: Hashable, task: "asyncio.Task[None]") -> None:
        """Record a failure unless the task was cancelled and ended without an error."""
        was_cancelled = self._running.get(key) is not task
        error = None if task.cancelled() else task.exception()
        if was_cancelled and error is None:
            return
        error = error or RuntimeError(f"the task for {key} ended by itself")
        log.error(INTERNAL_ERROR, exc_info=error)
        if not self.has_failed:
            self._failure.set_exception(error)

    async def failure(self) -> None:
        """Wait until a task ends by itself, which none should; raise its error."""
        await asyncio.shield(self._failure)  # a cancelled caller must not cancel it for others

    async def end(self, *keys: Hashable) -> None:
        """Cancel tasks, and wait until they have ended."""
        tasks = [self._running.pop(key) for key in keys]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end_all(self) -> None:
        """Cancel all tasks, and wait until they have ended."""
        await self.end(*self._running)


class SlowWork:
    """Work that takes long, each by a key: done in steps between all else that the loop does.

    Work that has begun last is preferred until it has had a few steps, so that short work is not
    kept waiting by long work. Of long work, one is done after the other: half-done it needs memory.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._work: dict[Hashable, tuple[Generator[None], int]] = {}
        self._queue: list[tuple[int, int, Hashable, Generator[None]]] = []
        self._begun = self.size = 0
        self._ended = asyncio.Event()
        self._is_scheduled = False

    def __contains__(self, key: Hashable) -> bool:
        return key in self._work

    def __len__(self) -> int:
        return len(self._work)

    def begin(self, key: Hashable, steps: Generator[None], size: int = 0) -> None:
        """Begin work; it must handle its errors. *size* is what it adds to the size of all work."""
        self.cancel(key)
        self._work[key] = steps, size
        self.size += size
        self._begun += 1
        heappush(self._queue, (0, self._begun, key, steps))
        self._schedule()

    def cancel(self, key: Hashable) -> None:
        """Do no more of some work, if it has not ended."""
        steps, size = self._work.pop(key, (None, 0))
        if steps is not None:
            steps.close()
            self._end(size)

    def cancel_all(self) -> None:
        """Do no more of any work."""
        for key in list(self._work):
            self.cancel(key)

    async def ended(self, key: Hashable) -> None:
        """Wait until some work has ended."""
        while key in self._work:
            self._ended.clear()
            await self._ended.wait()

    async def all_ended(self) -> None:
        """Wait until all work has ended."""
        while self._work:
            self._ended.clear()
            await self._ended.wait()

    def _schedule(self) -> None:
        if self._queue and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        until_s = self._clock() + _TURN_S
        try:
            while self._queue:
                self._step(*heappop(self._queue))
                if self._clock() >= until_s:
                    break
        finally:
            self._schedule()

    def _step(self, rank: int, number: int, key: Hashable, steps: Generator[None]) -> None:
        work = self._work.get(key)
        if work is None or work[0] is not steps:
            return  # it was cancelled
        has_ended = True
        try:
            has_ended = next(steps, self) is self
        finally:
            if has_ended:
                del self._work[key]
                self._end(work[1])
        if not has_ended:
            heappush(self._queue, (min(rank + 1, _SHORT_STEPS), number, key, steps))

    def _end(self, size: int) -> None:
        self.size -= size
        self._ended.set()
