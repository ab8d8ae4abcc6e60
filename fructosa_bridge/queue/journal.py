"""The queue on disk, as the destinations share it: each has its own place in it.

A batch is written when it is appended, so the end of the process loses none; once a second all is
brought to the disk (fsync), so a power cut costs a second. Where the disk takes nothing, batches
stay in memory alone, and it is tried again every second.
"""

import asyncio
import json
import logging
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from ..model.points import Batch
from .records import Position
from .segments import Segments, sync

log = logging.getLogger(__name__)

_SYNC_S = 1.0

Range = tuple[Position, Position]
"""A part of the queue that waits for a destination: from where to where."""


class JournalReader(Protocol):
    """A destination's place in the queue."""

    name: str

    def found(self, waiting: list[Range]) -> None:
        """Take up what waits since the last run."""

    def waiting(self) -> list[Range]:
        """Return what is not delivered yet, oldest first, up to the queue's end."""

    def forget(self, before: Position, why: str) -> None:
        """Count as dropped what waits *before* a place."""


class Journal:
    """One queue on disk; open() it, keep() it."""

    def __init__(self, segments: Segments) -> None:
        self.segments = segments
        self.error: str | None = None
        self._readers: list[JournalReader] = []
        self._is_open = self._may_try = False
        self._last: tuple[Sequence[Batch], list[Range | None]] | None = None
        self._written: dict[str, str] = {}
        self._writing = threading.Lock()

    def add(self, reader: JournalReader) -> None:
        """Let a destination take part: from what waits for it on, or (after open()) from now on."""
        self._readers.append(reader)

    def remove(self, reader: JournalReader) -> None:
        """Let a destination take part no more; what waits for it is dropped."""
        self._readers.remove(reader)
        if self._is_open:  # else the place is another lmaster's
            self._written.setdefault(reader.name, "")
            self._forget_others()

    def open(self) -> None:
        """Take up what is queued on disk; where that can't be, go on in memory.

        Raises: ServiceError where another lmaster has it.
        """
        try:
            places = {reader.name: self._place(reader.name) for reader in self._readers}
            ends = [place[-1][0] for place in places.values() if place]
            self.segments.open(max(ends, default=Position(0, 0)))
        except OSError as error:
            self._failed(error)
            return
        self._is_open = True
        for reader in self._readers:
            reader.found(_within(places[reader.name], self.segments))
        self._works()

    def extend(self, batches: Sequence[Batch]) -> list[Range | None]:
        """Write *batches* once for all destinations; return where each is, None if it can't be."""
        if self._last is not None and self._last[0] is batches:
            return self._last[1]
        places = self._extend(batches)
        self._last = batches, places
        return places

    def _extend(self, batches: Sequence[Batch]) -> list[Range | None]:
        nowhere: list[Range | None] = [None] * len(batches)
        if not self._is_open or (self.error is not None and not self._may_try):
            return nowhere
        try:
            places = self.segments.extend(batches)
            self._drop()
        except OSError as error:
            self._failed(error)
            return nowhere
        return list(places)

    def _drop(self) -> None:
        for before, why in self.segments.drop_overdue():
            for reader in self._readers:
                reader.forget(before, why)

    def _failed(self, error: OSError) -> None:
        reason = f"{self.segments.folder}: {error.strerror or error}"
        self._may_try = False
        if self.error is None:
            log.error(
                "the queue can't be written, %s; points wait in memory, and are lost if lmaster "
                "ends; make room there, or make it writable for lmaster",
                reason,
            )
        self.error = reason

    def _works(self) -> None:
        if self.error is not None:
            log.info("the queue is on disk again: %s", self.segments.folder)
        self.error = None

    async def keep(self) -> None:
        """Once a second bring the queue to the disk, and remove what is not needed; for ever."""
        while True:
            await asyncio.sleep(_SYNC_S)
            await self.upkeep()

    async def upkeep(self) -> None:
        """Do so once.

        After a failure batches are written again from the next time on that this succeeds, and the
        time after that tells whether it went well: a nearly full disk takes some, and not others.
        """
        if not self._is_open:
            self.open()
            return
        try:
            self._drop()
            waiting = self._waiting()
            needed = (ranges[0][0] for ranges in waiting.values() if ranges)
            self.segments.drop_delivered(min(needed, default=self.segments.end))
            # What a destination has got stands in its place only after the queue itself is safe.
            places = _as_texts(waiting)
            await asyncio.to_thread(sync, self.segments.to_sync())
            await asyncio.to_thread(self._write_places, places)
        except OSError as error:
            self._failed(error)
            return
        self._forget_others()
        if self._may_try:
            self._works()
        self._may_try = True

    def _waiting(self) -> dict[str, list[Range]]:
        return {reader.name: reader.waiting() for reader in self._readers}

    def _path(self, name: str) -> Path:
        return self.segments.folder / f"{quote(name, safe='')}.place"

    def _forget_others(self) -> None:
        """Remove the places of destinations that are gone; also what was just being written."""
        for name in self._written.keys() - {reader.name for reader in self._readers}:
            del self._written[name]
            try:
                self._path(name).unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s can't be removed: %s", self._path(name), error.strerror)

    def _write_places(self, places: Mapping[str, str]) -> None:
        """Write what changed, so that a power cut leaves the old or the new."""
        with self._writing:  # the end does not wait for the thread that writes
            self._write_changed(places)

    def _write_changed(self, places: Mapping[str, str]) -> None:
        for name, text in places.items():
            if self._written.get(name) == text:
                continue
            path = self._path(name)
            made = path.with_suffix(".new")
            with made.open("w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            made.replace(path)
            self._written[name] = text

    def _place(self, name: str) -> list[Range]:
        """Return what waited for a destination; all of the queue where that is not known."""
        try:
            found = json.loads(self._path(name).read_text())
            return [_range(*places) for places in found]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            log.warning("%s is damaged, all that is queued is sent: %s", self._path(name), error)
            return []

    def close(self) -> None:
        """Bring all to the disk, and let others have it."""
        with suppress(OSError):
            if self._is_open:
                places = _as_texts(self._waiting())
                self.segments.leave()
                sync(self.segments.to_sync())
                self._write_places(places)
                self._forget_others()
        with suppress(OSError):
            self.segments.close()


def _as_texts(waiting: Mapping[str, list[Range]]) -> dict[str, str]:
    return {name: json.dumps(ranges) for name, ranges in waiting.items()}


def _range(start: tuple[int, int], end: tuple[int, int]) -> Range:
    places = Position(*start), Position(*end)
    if not all(isinstance(number, int) for place in places for number in place):
        raise ValueError("a place is no number")
    if not 0 <= places[0].offset <= places[1].offset or places[0].points > places[1].points:
        raise ValueError("it ends before it begins")
    return places


def _within(place: list[Range], segments: Segments) -> list[Range]:
    """Return what waits: the parts named by *place*, and all behind the last of them."""
    last = place[-1][0] if place else segments.start
    ranges = [*place[:-1], (last, segments.end)]
    inside = [(max(start, segments.start), min(end, segments.end)) for start, end in ranges]
    return [(start, end) for start, end in inside if start < end]
