"""The bounded queue between scraping and one destination.

Batches are removed only after they were delivered. Fresh ones stay in memory and are sent first;
older ones are the backlog, which is read back from disk. Without a journal (a single scrape needs
none), and while the disk refuses writes, batches are in memory only, up to a number of points. What
is dropped is counted by reason.

A destination that does not acknowledge what it reads is sent the last part again after a restart:
its position on disk is before that part.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from ..model.errors import QueueError
from ..model.points import Batch
from .journal import Journal
from .records import Position, Range

log = logging.getLogger(__name__)

# About what 10,000 nodes bring in a second: more than waits while carbon keeps up, and few enough
# to be delivered within a second after an outage.
FRESH_POINTS = 100_000
# A disk may come back. By then some minutes have passed, as a delivery waits before it tries again.
_MOST_READS = 20
DROPPED = {
    "memory": "more points wait in memory than [lmaster] queue points; the oldest are dropped",
    "full": "the queue on disk has reached [lmaster] queue bytes; the oldest points are dropped",
    "old": "the queue on disk holds points older than [lmaster] queue age; they are dropped",
    "damaged": "a part of the queue on disk is damaged; its points are dropped",
}
REASONS = tuple(DROPPED)


class _Entry(NamedTuple):
    """A batch in memory, and its range on disk; None if it is not on disk."""

    batch: Batch
    on_disk: Range | None


class Spool:
    """What waits for one destination, which reads the *journal*, if there is one.

    At most *queue_points* points are in memory only, and about *fresh_points* are fresh.
    """

    def __init__(
        self,
        queue_points: int,
        journal: Journal | None = None,
        name: str = "",
        fresh_points: int = FRESH_POINTS,
    ) -> None:
        self.name = name
        self.journal = journal
        self.dropped: Counter[str] = Counter()
        self._queue_points, self._most_fresh = queue_points, fresh_points
        self._fresh: deque[_Entry] = deque()
        self._fresh_points = 0
        self._memory_backlog: deque[Batch] = deque()  # no longer fresh, and not on disk
        self._memory_only_points = 0
        self._backlog: deque[Range] = deque()  # no longer fresh, and on disk
        self._read_ahead: deque[tuple[Batch, Range]] = deque()  # from the backlog's first range
        self._unread = 0  # times in a row that the backlog could not be read
        self._unacknowledged: deque[list[Range]] = deque()  # sent, but perhaps never read
        self._logged: set[str] = set()
        self._arrival = asyncio.Event()
        self._is_fresh = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def points(self) -> int:
        """How many points wait."""
        on_disk = sum(end.points - start.points for start, end in self._backlog)
        return self._fresh_points + sum(map(len, self._memory_backlog)) + on_disk

    @property
    def memory_only_points(self) -> int:
        """How many of them are lost if lmaster exits."""
        return self._memory_only_points

    @property
    def dropped_points(self) -> int:
        """How many points were dropped."""
        return self.dropped.total()

    def extend(self, batches: Sequence[Batch], on_disk: Sequence[Range | None]) -> None:
        """Queue *batches* with their ranges *on disk*; drop the oldest if there are too many."""
        for batch, where in zip(batches, on_disk, strict=True):
            self._fresh.append(_Entry(batch, where))
            self._fresh_points += len(batch)
            if where is None:
                self._memory_only_points += len(batch)
        while self._fresh_points > self._most_fresh and len(self._fresh) > 1:
            self._to_backlog(self._pop_fresh())
        while self._memory_only_points > self._queue_points and self._drop_memory_only():
            pass
        self._update_events()

    def _pop_fresh(self) -> _Entry:
        entry = self._fresh.popleft()
        self._fresh_points -= len(entry.batch)
        return entry

    def _to_backlog(self, entry: _Entry) -> None:
        """Make the oldest fresh batch the newest of the backlog."""
        if entry.on_disk is None:
            self._memory_backlog.append(entry.batch)
            return
        start, end = entry.on_disk
        if self._backlog and self._backlog[-1][1].points == start.points:
            start = self._backlog.pop()[0]
        self._backlog.append((start, end))
        if self.journal is not None:
            self.forget(self.journal.segments.start, "full")

    def _drop_memory_only(self) -> bool:
        """Drop the oldest batch that is in memory only, unless it is the only one."""
        if self._memory_backlog:
            batch = self._memory_backlog.popleft()
        else:
            index = next(n for n, entry in enumerate(self._fresh) if entry.on_disk is None)
            batch = self._fresh[index].batch
            if len(batch) == self._memory_only_points:
                return False
            del self._fresh[index]
            self._fresh_points -= len(batch)
        self._memory_only_points -= len(batch)
        self._count_dropped("memory", len(batch))
        return True

    def _count_dropped(self, reason: str, points: int) -> None:
        self.dropped[reason] += points
        if points and reason not in self._logged:
            self._logged.add(reason)
            log.error("%s: %s", self.name or "the queue", DROPPED[reason])

    def _update_events(self) -> None:
        _set(self._is_fresh, bool(self._fresh))
        is_empty = not (self._fresh or self._memory_backlog or self._backlog)
        _set(self._arrival, not is_empty)
        _set(self._empty, is_empty)
        if is_empty:
            self._logged.clear()

    @property
    def has_fresh(self) -> bool:
        """Whether fresh batches wait."""
        return bool(self._fresh)

    @property
    def has_backlog(self) -> bool:
        """Whether older batches wait."""
        return bool(self._memory_backlog or self._backlog)

    async def arrival(self) -> None:
        """Wait until there is a batch."""
        await self._arrival.wait()

    async def fresh_arrival(self) -> None:
        """Wait until there is a fresh batch."""
        await self._is_fresh.wait()

    async def peek(self, most_points: int) -> list[Batch]:
        """Wait for a batch; return the oldest fresh ones, or else some of the backlog.

        They have up to *most_points* points, or it is one batch.
        """
        while True:
            await self._arrival.wait()
            if self._fresh:
                return _first((entry.batch for entry in self._fresh), most_points)
            if batches := await self.peek_backlog(most_points):
                return batches

    async def peek_backlog(self, most_points: int) -> list[Batch]:
        """Return the oldest batches of the backlog; none if all of it is damaged.

        Raises: QueueError if it cannot be read at present.
        """
        if self._memory_backlog:  # first what would be lost if lmaster exits
            return _first(self._memory_backlog, most_points)
        if not self._read_ahead:
            await self._read(most_points)
        return [batch for batch, _ in self._read_ahead]

    async def _read(self, most_points: int) -> None:
        while self._backlog and self.journal is not None:
            start, end = self._backlog[0]
            read = self.journal.segments.read
            try:
                batches, after = await asyncio.to_thread(read, start, end, most_points)
            except QueueError as error:
                self._unread += 1
                if self._unread < _MOST_READS:
                    raise
                batches, after = [], Position(*error.until)
            self._unread = 0
            if not self._backlog or self._backlog[0][0] != start:
                continue  # dropped in the meantime
            if batches:
                self._read_ahead = deque(batches)
                return
            self._advance(after)
            self._count_dropped("damaged", after.points - start.points)
            self._update_events()

    def _advance(self, to: Position) -> None:
        """Let the backlog start at *to*, a position in its first range."""
        _, end = self._backlog.popleft()
        if to.offset < end.offset:
            self._backlog.appendleft((to, end))

    def acknowledge(self, delivered: list[Batch], unacknowledged: int = 0) -> None:
        """Remove what was delivered, unless it was dropped in the meantime.

        The last *unacknowledged* deliveries may not have been read: a restart sends them again.
        """
        removed = [self._remove(batch) for batch in delivered]
        self._unacknowledged.append(_merged(where for where in removed if where is not None))
        while len(self._unacknowledged) > unacknowledged:
            self._unacknowledged.popleft()
        self._update_events()

    def _remove(self, batch: Batch) -> Range | None:
        """Remove a batch if it is still there; return its range on disk."""
        if self._fresh and self._fresh[0].batch is batch:
            where = self._pop_fresh().on_disk
            if where is None:
                self._memory_only_points -= len(batch)
            return where
        if self._memory_backlog and self._memory_backlog[0] is batch:
            self._memory_only_points -= len(self._memory_backlog.popleft())
        elif self._read_ahead and self._read_ahead[0][0] is batch:
            start, end = self._read_ahead.popleft()[1]
            begin = self._backlog[0][0]
            self._advance(end)
            if lost := start.points - begin.points:
                self._count_dropped("damaged", lost)
                return start, end
            return begin, end
        return None

    def restore(self, waiting: list[Range]) -> None:
        """Take over what was not delivered before lmaster was restarted."""
        self._backlog.extend(waiting)
        self._update_events()

    def waiting(self) -> list[Range]:
        """Return what is on disk and perhaps not delivered, oldest first, up to the queue's end."""
        end = Position(0, 0) if self.journal is None else self.journal.segments.end
        fresh = next((entry.on_disk[0] for entry in self._fresh if entry.on_disk is not None), end)
        unacknowledged = chain.from_iterable(self._unacknowledged)
        return _merged(sorted([*unacknowledged, *self._backlog, (fresh, end)]))

    def forget(self, before: Position, reason: str) -> None:
        """Count as dropped what waits in the backlog *before* a position."""
        while self._backlog and self._backlog[0][0].offset < before.offset:
            start, end = self._backlog[0]
            upto = min(before, end)
            self._read_ahead.clear()
            self._advance(upto)
            self._count_dropped(reason, upto.points - start.points)
        self._update_events()

    async def drained(self) -> None:
        """Wait until everything is delivered."""
        await self._empty.wait()


def _set(event: asyncio.Event, is_set: bool) -> None:
    if is_set:
        event.set()
    else:
        event.clear()


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Return *ranges*, which are in order of their starts, with adjoining ones merged."""
    merged: list[Range] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _first(batches: Iterable[Batch], most_points: int) -> list[Batch]:
    found: list[Batch] = []
    points = 0
    for batch in batches:
        points += len(batch)
        if found and points > most_points:
            break
        found.append(batch)
    return found
