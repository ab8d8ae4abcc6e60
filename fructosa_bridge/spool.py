"""The bounded queue between scraping and one destination.

Batches are taken out only once they are delivered. When the bound is reached, the oldest go, and
are counted. (The queue is in memory; what it holds ends with the process.)
"""

import asyncio
from collections import deque

from .model import Batch


class Spool:
    """Batches in the order of their scrapes, at most *most_points* points."""

    def __init__(self, most_points: int) -> None:
        self._most_points = most_points
        self._batches: deque[Batch] = deque()
        self._arrival = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.points = 0
        self.dropped_points = 0

    def append(self, batch: Batch) -> None:
        """Queue a batch; drop the oldest ones if there is no room."""
        self._batches.append(batch)
        self.points += len(batch)
        while self.points > self._most_points and len(self._batches) > 1:
            oldest = self._batches.popleft()
            self.points -= len(oldest)
            self.dropped_points += len(oldest)
        self._arrival.set()
        self._empty.clear()

    async def peek(self, most_points: int) -> list[Batch]:
        """Wait until there is a batch; return the oldest ones, up to *most_points* or one."""
        await self._arrival.wait()
        taken: list[Batch] = []
        points = 0
        for batch in self._batches:
            points += len(batch)
            if taken and points > most_points:
                break
            taken.append(batch)
        return taken

    def acknowledge(self, delivered: list[Batch]) -> None:
        """Take out what was delivered, unless it was dropped meanwhile."""
        for batch in delivered:
            if self._batches and self._batches[0] is batch:
                self._batches.popleft()
                self.points -= len(batch)
        if not self._batches:
            self._arrival.clear()
            self._empty.set()

    async def drained(self) -> None:
        """Wait until all is delivered."""
        await self._empty.wait()
