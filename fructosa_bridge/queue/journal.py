"""The queue on disk that all destinations share: each of them reads it from its own position.

A batch is written when it is queued, so that nothing is lost when the process exits. Once a second
everything is synced to disk (fsync), so that a power failure costs at most a second. While the disk
refuses writes, batches stay in memory only, and writing is tried again every second.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from ..model.points import Batch
from .places import Places, encode
from .records import Position, Range
from .segments import Segments, sync

log = logging.getLogger(__name__)

_SYNC_S = 1.0
CANNOT_WRITE = (
    "cannot write the queue, %s; points wait in memory and are lost if lmaster exits; "
    "free disk space there, or make the folder writable for lmaster"
)
ON_DISK_AGAIN = "the queue is on disk again: %s"


class JournalReader(Protocol):
    """A reader of the queue: the spool of a destination."""

    name: str

    def restore(self, waiting: list[Range]) -> None:
        """Take over what was not delivered before lmaster was restarted."""

    def waiting(self) -> list[Range]:
        """Return what is not delivered yet, oldest first, up to the end of the queue."""

    def forget(self, before: Position, reason: str) -> None:
        """Count as dropped what waits *before* a position."""


class Journal:
    """The queue on disk: open() it, run keep() in the background, close() it."""

    def __init__(self, segments: Segments) -> None:
        self.segments = segments
        self.error: str | None = None
        self._readers: list[JournalReader] = []
        self._is_open = self._may_try = False
        self._places = Places(segments.folder)
        self._writing = threading.Lock()

    def add(self, reader: JournalReader) -> None:
        """Add a reader: before open() it starts where it had stopped, later at the end."""
        self._readers.append(reader)

    def remove(self, reader: JournalReader) -> None:
        """Remove a reader; what waits for it is dropped."""
        self._readers.remove(reader)
        if self._is_open:  # else the positions are those of another lmaster
            self._places.forget(reader.name)
            self._remove_places_of_others()

    def open(self) -> None:
        """Open the queue on disk and restore what waits; if that fails, continue in memory.

        Raises: ServiceError if another lmaster uses the queue.
        """
        try:
            saved = {reader.name: self._places.read(reader.name) for reader in self._readers}
            ends = [ranges[-1][1] for ranges in saved.values() if ranges]
            self.segments.open(max(ends, default=Position(0, 0)))
        except OSError as error:
            self._failed(error)
            return
        self._is_open = True
        for reader in self._readers:
            reader.restore(_waiting(saved[reader.name], self.segments))
            reader.forget(self.segments.start, "damaged")
        self._recovered()

    def extend(self, batches: Sequence[Batch]) -> list[Range | None]:
        """Write *batches*; return where each is on disk, None for what could not be written."""
        nowhere: list[Range | None] = [None] * len(batches)
        if not self._is_open or (self.error is not None and not self._may_try):
            return nowhere
        try:
            ranges = self.segments.extend(batches)
            self._drop()
        except (OSError, MemoryError) as error:
            self._failed(error)
            return nowhere
        return list(ranges)

    def _drop(self) -> None:
        for before, reason in self.segments.drop_overdue():
            for reader in self._readers:
                reader.forget(before, reason)

    def _failed(self, error: Exception) -> None:
        why = (isinstance(error, OSError) and error.strerror) or str(error) or "not enough memory"
        reason = f"{self.segments.folder}: {why}"
        self._may_try = False
        if self.error is None:
            log.error(CANNOT_WRITE, reason)
        self.error = reason

    def _recovered(self) -> None:
        if self.error is not None:
            log.info(ON_DISK_AGAIN, self.segments.folder)
        self.error = None

    async def keep(self) -> None:
        """Sync the queue to disk and remove delivered parts, once a second, for ever."""
        while True:
            await asyncio.sleep(_SYNC_S)
            await self.upkeep()

    async def upkeep(self) -> None:
        """Do that once.

        After a failure, batches are written again once this has succeeded; the error is cleared
        when it succeeds the next time. A nearly full disk accepts some writes and refuses others.
        """
        if not self._is_open:
            self.open()
            return
        try:
            self._drop()
            waiting = {reader.name: reader.waiting() for reader in self._readers}
            needed = (ranges[0][0] for ranges in waiting.values() if ranges)
            self.segments.drop_delivered(min(needed, default=self.segments.end))
            # A position on disk must never be ahead of the queue on disk.
            texts = _as_texts(waiting)
            await asyncio.to_thread(sync, self.segments.to_sync())
            await asyncio.to_thread(self._save, texts)
        except (OSError, MemoryError, RuntimeError) as error:  # or there is no room for a thread
            self._failed(error)
            return
        self._remove_places_of_others()
        if self._may_try:
            self._recovered()
        self._may_try = True

    def _remove_places_of_others(self) -> None:
        self._places.keep_only({reader.name for reader in self._readers})

    def _save(self, texts: Mapping[str, str]) -> None:
        with self._writing:  # close() does not wait for the thread that writes
            self._places.write(texts)

    def close(self) -> None:
        """Sync everything to disk, and unlock the queue."""
        with suppress(OSError):
            if self._is_open:
                texts = _as_texts({reader.name: reader.waiting() for reader in self._readers})
                self.segments.finish()
                sync(self.segments.to_sync())
                self._save(texts)
                self._remove_places_of_others()
        with suppress(OSError):
            self.segments.close()


def _as_texts(waiting: Mapping[str, list[Range]]) -> dict[str, str]:
    return {name: encode(ranges) for name, ranges in waiting.items()}


def _waiting(saved: list[Range], segments: Segments) -> list[Range]:
    """Return what waits of the queue: the *saved* ranges, and everything after the last of them."""
    last = saved[-1][0] if saved else segments.start
    ranges = [*saved[:-1], (last, segments.end)]
    return [(start, end) for start, end in ranges if start < end]
