"""The bounded queue between scraping and one destination.

Batches are taken out only once they are delivered. Fresh ones stay in memory and go first; older
ones are the backlog, which is read back from disk. Without a journal (a single scrape needs none),
and while the disk takes nothing, all is in memory: at most so many points. What is dropped is
counted, by reason.

A destination that can't say what it has read is sent the last part again. Its place on disk is
before that part, so that the next lmaster does the same.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from ..model.points import Batch
from .journal import Journal, Range
from .records import Position

log = logging.getLogger(__name__)

# About what 10,000 nodes say in a second: more than waits while carbon takes all, and few enough
# to be delivered within a second when it is back.
_FRESH_POINTS = 100_000
_DROPPED = {
    "memory": "more points wait in memory than [lmaster] queue points; the oldest are dropped",
    "full": "the queue on disk has reached [lmaster] queue bytes; the oldest points are dropped",
    "old": "the queue on disk holds points older than [lmaster] queue age; they are dropped",
    "damaged": "a part of the queue on disk is damaged; its points are dropped",
}
REASONS = tuple(_DROPPED)


class _Entry(NamedTuple):
    """A batch in memory, and where it is on disk; None if it isn't."""

    batch: Batch
    place: Range | None


class Spool:
    """Batches for one destination; *most_points* of them may be in memory alone."""

    def __init__(
        self,
        most_points: int,
        journal: Journal | None = None,
        name: str = "",
        fresh_points: int = _FRESH_POINTS,
    ) -> None:
        self.name = name
        self.dropped: Counter[str] = Counter()
        self._most_points, self._most_fresh = most_points, fresh_points
        self._fresh: deque[_Entry] = deque()
        self._fresh_points = 0
        self._left: deque[Batch] = deque()  # no longer fresh, and in memory alone
        self._unsafe_points = 0  # in memory alone
        self._backlog: deque[Range] = deque()  # no longer fresh, and on disk
        self._look: deque[tuple[Batch, Position]] = deque()  # what was read of it, not acknowledged
        self._unsure: deque[list[Range]] = deque()  # on disk and sent, and perhaps never read
        self._told: set[str] = set()
        self._arrival = asyncio.Event()
        self._is_fresh = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.journal = journal
        if journal is not None:
            journal.add(self)

    @property
    def points(self) -> int:
        """How many points wait."""
        on_disk = sum(end.points - start.points for start, end in self._backlog)
        return self._fresh_points + sum(map(len, self._left)) + on_disk

    @property
    def unsafe_points(self) -> int:
        """How many of them end with the process."""
        return self._unsafe_points

    @property
    def dropped_points(self) -> int:
        """How many points were dropped."""
        return self.dropped.total()

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        self.extend([batch])

    def extend(self, batches: Sequence[Batch]) -> None:
        """Queue *batches*; drop the oldest ones if there is no room."""
        nowhere: list[Range | None] = [None] * len(batches)
        places = nowhere if self.journal is None else self.journal.extend(batches)
        for batch, place in zip(batches, places, strict=True):
            self._fresh.append(_Entry(batch, place))
            self._fresh_points += len(batch)
            if place is None:
                self._unsafe_points += len(batch)
        while self._fresh_points > self._most_fresh and len(self._fresh) > 1:
            self._put_aside(self._take_fresh())
        while self._unsafe_points > self._most_points and self._drop_unsafe():
            pass
        self._changed()

    def _take_fresh(self) -> _Entry:
        entry = self._fresh.popleft()
        self._fresh_points -= len(entry.batch)
        return entry

    def _put_aside(self, entry: _Entry) -> None:
        """Make the oldest fresh batch the newest of the backlog."""
        if entry.place is None:
            self._left.append(entry.batch)
            return
        start, end = entry.place
        if self._backlog and self._backlog[-1][1].points == start.points:
            start = self._backlog.pop()[0]
        self._backlog.append((start, end))
        if self.journal is not None:
            self.forget(self.journal.segments.start, "full")

    def _drop_unsafe(self) -> bool:
        """Drop the oldest batch that is in memory alone, unless it is the only one."""
        if self._left:
            batch = self._left.popleft()
        else:
            index = next(n for n, entry in enumerate(self._fresh) if entry.place is None)
            batch = self._fresh[index].batch
            if len(batch) == self._unsafe_points:
                return False
            del self._fresh[index]
            self._fresh_points -= len(batch)
        self._unsafe_points -= len(batch)
        self._drop("memory", len(batch))
        return True

    def _drop(self, why: str, points: int) -> None:
        self.dropped[why] += points
        if points and why not in self._told:
            self._told.add(why)
            log.error("%s: %s", self.name or "the queue", _DROPPED[why])

    def _changed(self) -> None:
        _set(self._is_fresh, bool(self._fresh))
        is_empty = not (self._fresh or self._left or self._backlog)
        _set(self._arrival, not is_empty)
        _set(self._empty, is_empty)
        if is_empty:
            self._told.clear()

    @property
    def has_fresh(self) -> bool:
        """Whether there is more to do than the backlog."""
        return bool(self._fresh)

    @property
    def has_backlog(self) -> bool:
        """Whether there is a backlog."""
        return bool(self._left or self._backlog)

    async def arrival(self) -> None:
        """Wait until there is a batch."""
        await self._arrival.wait()

    async def fresh_arrival(self) -> None:
        """Wait until there is a fresh batch."""
        await self._is_fresh.wait()

    async def peek(self, most_points: int) -> list[Batch]:
        """Wait until there is a batch; return the oldest fresh ones, or else some backlog.

        They have up to *most_points*, or are one.
        """
        while True:
            await self._arrival.wait()
            if self._fresh:
                return _first((entry.batch for entry in self._fresh), most_points)
            if taken := await self.peek_backlog(most_points):
                return taken

    async def peek_backlog(self, most_points: int) -> list[Batch]:
        """Return the oldest batches of the backlog; none if there is no whole one."""
        if self._left:  # first what the end of the process would lose
            return _first(self._left, most_points)
        if not self._look:
            await self._read(most_points)
        return [batch for batch, _ in self._look]

    async def _read(self, most_points: int) -> None:
        while self._backlog and self.journal is not None:
            start, end = self._backlog[0]
            read = self.journal.segments.read
            taken, after = await asyncio.to_thread(read, start, end, most_points)
            if not self._backlog or self._backlog[0][0] != start:
                continue  # dropped meanwhile
            if taken:
                self._look = deque(taken)
                return
            self._advance(after)
            self._drop("damaged", after.points - start.points)
            self._changed()

    def _advance(self, to: Position) -> None:
        """Let the backlog begin at *to*, which lies in its first part."""
        _, end = self._backlog.popleft()
        if to.offset < end.offset:
            self._backlog.appendleft((to, end))

    def acknowledge(self, delivered: list[Batch], unsure: int = 0) -> None:
        """Take out what was delivered, unless it was dropped meanwhile.

        So many of the last deliveries are *unsure*: after the end of this process they wait again.
        """
        places = [self._take_out(batch) for batch in delivered]
        self._unsure.append(_merged(place for place in places if place is not None))
        while len(self._unsure) > unsure:
            self._unsure.popleft()
        self._changed()

    def _take_out(self, batch: Batch) -> Range | None:
        """Take out a batch, if it is still there; return where it is on disk."""
        if self._fresh and self._fresh[0].batch is batch:
            place = self._take_fresh().place
            if place is None:
                self._unsafe_points -= len(batch)
            return place
        if self._left and self._left[0] is batch:
            self._unsafe_points -= len(self._left.popleft())
        elif self._look and self._look[0][0] is batch:
            start, end = self._backlog[0][0], self._look.popleft()[1]
            self._advance(end)
            return start, end
        return None

    def found(self, waiting: list[Range]) -> None:
        """Take up what waits since the last run."""
        self._backlog.extend(waiting)
        self._changed()

    def waiting(self) -> list[Range]:
        """Return what is on disk and not surely delivered, oldest first.

        The last goes to the end.
        """
        end = Position(0, 0) if self.journal is None else self.journal.segments.end
        fresh = next((entry.place[0] for entry in self._fresh if entry.place is not None), end)
        unsure = chain.from_iterable(self._unsure)
        return _merged(sorted([*unsure, *self._backlog, (fresh, end)]))

    def forget(self, before: Position, why: str) -> None:
        """Count as dropped what waits in the backlog *before* a place."""
        while self._backlog and self._backlog[0][0].offset < before.offset:
            start, end = self._backlog[0]
            upto = min(before, end)
            self._look.clear()
            self._advance(upto)
            self._drop(why, upto.points - start.points)
        self._changed()

    async def drained(self) -> None:
        """Wait until all is delivered."""
        await self._empty.wait()


def _set(event: asyncio.Event, is_set: bool) -> None:
    if is_set:
        event.set()
    else:
        event.clear()


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Return *ranges*, ordered by their starts, with those made one that touch each other."""
    made: list[Range] = []
    for start, end in ranges:
        if made and start <= made[-1][1]:
            made[-1] = made[-1][0], max(end, made[-1][1])
        else:
            made.append((start, end))
    return made


def _first(batches: Iterable[Batch], most_points: int) -> list[Batch]:
    taken: list[Batch] = []
    points = 0
    for batch in batches:
        points += len(batch)
        if taken and points > most_points:
            break
        taken.append(batch)
    return taken
