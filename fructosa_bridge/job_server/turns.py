"""Turns of those who ask at the same time: whoever asks much waits for themselves, not others."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

# So many questions are answered at the same time; each reads the archive in a thread.
_AT_ONCE = 4
_MOST_WAITING = 20


class TooManyQuestionsError(Exception):
    """Too many questions of the same user wait already."""


class Turns:
    """One question of each user is answered at a time, and at most four of all."""

    def __init__(self, at_once: int = _AT_ONCE, most_waiting: int = _MOST_WAITING) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._most_waiting = most_waiting
        self._locks: dict[Hashable, asyncio.Lock] = {}
        self._waiting: dict[Hashable, int] = {}

    @asynccontextmanager
    async def turn(self, user: Hashable) -> AsyncIterator[None]:
        """Wait for the turn of a question of a *user*.

        Raises: TooManyQuestionsError.
        """
        waiting = self._waiting.get(user, 0)
        if waiting > self._most_waiting:
            raise TooManyQuestionsError
        self._waiting[user] = waiting + 1
        try:
            async with self._locks.setdefault(user, asyncio.Lock()), self._all:
                yield
        finally:
            self._waiting[user] -= 1
            if not self._waiting[user]:
                del self._waiting[user], self._locks[user]
