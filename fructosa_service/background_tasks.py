"""Asyncio tasks that run until they are cancelled; one that ends by itself is an error."""

import asyncio
import logging
from collections.abc import Coroutine, Hashable
from functools import partial

log = logging.getLogger(__name__)

INTERNAL_ERROR = "internal error in a background task"


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
