"""Tasks that go on until they are ended; one that ends by itself is a fault, and is told."""

import asyncio
import logging
from collections.abc import Coroutine, Hashable
from functools import partial

log = logging.getLogger("lmaster")


class Tasks:
    """Running tasks, by what each is for."""

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def has_failed(self) -> bool:
        """Whether a task has ended by itself."""
        return self._failure.done()

    def __contains__(self, what: Hashable) -> bool:
        return what in self._running

    def begin(self, what: Hashable, work: Coroutine[None, None, None]) -> None:
        """Begin a task."""
        task = self._running[what] = asyncio.create_task(work)
        task.add_done_callback(partial(self._look, what))

    def _look(self, what: Hashable, task: "asyncio.Task[None]") -> None:
        """Let no task end unseen: neither by itself, nor with an error while it is ended."""
        is_wanted = self._running.get(what) is not task
        error = None if task.cancelled() else task.exception()
        if is_wanted and error is None:
            return
        error = error or RuntimeError(f"the task of {what} ended by itself")
        log.error("a fault of lmaster, which ends", exc_info=error)
        if not self.has_failed:
            self._failure.set_exception(error)

    async def failure(self) -> None:
        """Wait for a task that ends by itself, which none should; raise what it ended with."""
        await asyncio.shield(self._failure)  # who waits no more takes nothing from it

    async def end(self, *whats: Hashable) -> None:
        """End tasks, and wait until they have ended."""
        tasks = [self._running.pop(what) for what in whats]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end_all(self) -> None:
        """End all tasks."""
        await self.end(*self._running)
