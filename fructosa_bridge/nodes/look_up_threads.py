"""Threads for look-ups of names: a look-up cannot be stopped, and may hang for half a minute."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import count
from threading import Thread
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

NO_THREAD = "this machine starts no more threads"


class _LookUp(NamedTuple, Generic[T]):
    """A look-up that waits for a thread: the lowest *rank* is next, then the lowest *number*."""

    rank: int
    number: int
    function: Callable[[], T]
    result: "asyncio.Future[T]"


class LookUpThreads(Generic[T]):
    """Runs look-ups, at most so many at a time; the others wait.

    A thread has one look-up, and is a daemon: nobody waits for it when the program exits.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._busy = 0
        self._waiting: list[_LookUp[T]] = []
        self._numbers = count()

    def call(self, function: Callable[[], T], rank: int) -> "asyncio.Future[T]":
        """Call a *function* in a thread, before those that wait with a higher *rank*."""
        result = asyncio.get_running_loop().create_future()
        heappush(self._waiting, _LookUp(rank, next(self._numbers), function, result))
        self._start()
        return result

    def _start(self) -> None:
        while self._waiting and self._busy < self._at_once:
            call = heappop(self._waiting)
            loop = asyncio.get_running_loop()
            thread = Thread(target=self._run, args=(loop, call), name="dns", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                if self._busy:  # then its turn comes when another has ended
                    heappush(self._waiting, call)
                    return
                call.result.set_exception(socket.gaierror(socket.EAI_AGAIN, NO_THREAD))
            else:
                self._busy += 1

    def _run(self, loop: asyncio.AbstractEventLoop, call: _LookUp[T]) -> None:
        try:
            settle = partial(call.result.set_result, call.function())
        except Exception as error:  # noqa: BLE001 - who asked for the result gets it
            settle = partial(call.result.set_exception, error)
        with suppress(RuntimeError):  # the loop was closed in the meantime
            loop.call_soon_threadsafe(self._finish, call, settle)

    def _finish(self, call: _LookUp[T], settle: Callable[[], None]) -> None:
        self._busy -= 1
        if not call.result.cancelled():
            settle()
        self._start()

    def close(self) -> None:
        """Start no more look-ups; those that run are not waited for."""
        for call in self._waiting:
            call.result.cancel()
        self._waiting.clear()
