"""The edge to the disk: the files of the queue, appended to at the end, dropped at the start."""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fructosa_service.errors import ServiceError

from ..model.points import Batch
from . import records
from .records import HEADER_BYTES, Position
from .settled_clock import SettledClock

log = logging.getLogger(__name__)

# Whole segments are dropped: a sixteenth of the queue each. At most 256 MiB, as the last one is
# read at a start; not small either, as each segment has the paths of all targets again.
_PARTS = 16
_MOST_SEGMENT_BYTES = 2**28
LOCK = "lock"
IN_USE = (
    "another lmaster uses the queue in {folder}; stop that one, or give this one its own folder "
    "with [lmaster] data directory, or --data"
)


@dataclass
class Segment:
    """A file of the queue, with its range and the times of its first and last write."""

    path: Path
    start: Position
    end: Position
    began_s: float
    newest_s: float


class Segments:
    """The files in one folder. Every failed disk operation raises OSError."""

    def __init__(
        self,
        folder: Path,
        limit_bytes: int,
        limit_age_s: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settled = SettledClock(clock, monotonic)
        self.folder = folder
        self.end = Position(0, 0)  # of the last batch
        self.torn_bytes = 0
        self.was_killed = False  # the previous lmaster: it did not close the queue
        self._limit_bytes, self._limit_age_s, self._clock = limit_bytes, limit_age_s, clock
        self._segment_bytes = min(_MOST_SEGMENT_BYTES, limit_bytes // _PARTS)
        self._segments: list[Segment] = []
        self._encoder = records.RecordEncoder()
        self._lock: int | None = None
        self._file: int | None = None
        self._unsynced: list[int] = []

    @property
    def start(self) -> Position:
        """Where the oldest segment starts."""
        return self._segments[0].start if self._segments else self.end

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return self.end.offset - self.start.offset

    @property
    def age_s(self) -> float:
        """How old the oldest segment is; 0 if the clock was set back since."""
        return max(0.0, self._clock() - self._segments[0].began_s) if self._segments else 0.0

    def open(self, furthest: Position = Position(0, 0)) -> None:  # noqa: B008 - it is frozen
        """Lock the folder and find its segments; truncate the last one after a torn write.

        New batches are written after *furthest*, the furthest position of a destination.

        Raises: ServiceError if another lmaster uses the folder.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        self._segments = []
        for path in sorted(self.folder.glob("*.segment")):
            self._add(path)
        while self._segments and not self._repair(self._segments[-1]):
            self._segments.pop().path.unlink()
        found = self._segments[-1].end if self._segments else furthest
        self.end = Position(max(found.offset, furthest.offset), max(found.points, furthest.points))

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise ServiceError(IN_USE.format(folder=self.folder)) from None
        self._lock = lock
        self._mark_as_open(lock)

    def _mark_as_open(self, lock: int) -> None:
        """Write the pid, which close() removes: an lmaster that is killed leaves it behind."""
        self.was_killed = os.pread(lock, 1, 0) != b""
        if self.was_killed:
            log.warning(
                "the previous lmaster was killed: points that it had not queued yet are lost"
            )
        with suppress(OSError):  # a full disk must not prevent delivery of what is on it
            os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _add(self, path: Path) -> None:
        """Add the segment at *path*; its number of points follows from the next segment."""
        about = path.stat()
        with path.open("rb") as file:
            start = records.start_of(file.read(HEADER_BYTES))
        before = self._segments[-1] if self._segments else None
        if start is None or (before and start.offset <= before.start.offset):
            self._report_torn(path, about.st_size)
            path.unlink()
            return
        if before:
            # What is after the start of the next segment is torn, and could not be truncated.
            before.end = Position(min(before.end.offset, start.offset), start.points)
        end = Position(start.offset + about.st_size, start.points)
        self._segments.append(Segment(path, start, end, about.st_mtime, about.st_mtime))

    def _repair(self, segment: Segment) -> bool:
        """Truncate *segment* after its last undamaged record; return whether it has any points."""
        size = segment.end.offset - segment.start.offset
        file = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            end, points = records.whole(_reader(file), HEADER_BYTES, size)
            if end < size:
                self._report_torn(segment.path, size - end)
                os.ftruncate(file, end)
        finally:
            os.close(file)
        segment.end = Position(segment.start.offset + end, segment.start.points + points)
        return points > 0

    def _report_torn(self, path: Path, size: int) -> None:
        if size == 0:
            return
        self.torn_bytes += size
        log.warning(
            "%s: dropped the last %d bytes, which were written only in part when lmaster or this "
            "machine stopped",
            path,
            size,
        )

    def append(self, batch: Batch) -> tuple[Position, Position]:
        """Append *batch*; return its range."""
        return self.extend([batch])[0]

    def extend(self, batches: Sequence[Batch]) -> list[tuple[Position, Position]]:
        """Append *batches* in one write; return the range of each."""
        if self._file is None or self._is_full():
            self._start_segment()
        segment = self._segments[-1]
        try:
            data, ranges = self._encoded(batches, segment.start.offset)
        except Exception:
            self.finish()  # the encoder remembers paths that were not written
            raise
        self._write(data, self.end.offset - segment.start.offset)
        self.end = segment.end = ranges[-1][1] if ranges else self.end
        segment.newest_s = self._clock()
        return ranges

    def _encoded(
        self, batches: Sequence[Batch], base: int
    ) -> tuple[bytes, list[tuple[Position, Position]]]:
        """Return *batches* as bytes of the segment that starts at *base*, and their ranges."""
        written, ranges, end = [], [], self.end
        for batch in batches:
            data = self._encoder.encode(batch, end.offset - base)
            start, end = end, Position(end.offset + len(data), end.points + len(batch))
            written.append(data)
            ranges.append((start, end))
        return b"".join(written), ranges

    def _is_full(self) -> bool:
        segment = self._segments[-1]
        size, age_s = segment.end.offset - segment.start.offset, self._clock() - segment.began_s
        return size > HEADER_BYTES and (
            size >= self._segment_bytes or age_s > self._limit_age_s / _PARTS
        )

    def _start_segment(self) -> None:
        """Start a new segment."""
        self.finish()
        start, now_s = self.end, self._clock()
        path = self.folder / f"{start.offset:020}.segment"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._encoder = records.RecordEncoder()
        self._write(records.header(start), 0)
        self.end = Position(start.offset + HEADER_BYTES, start.points)
        self._segments.append(Segment(path, start, self.end, now_s, now_s))

    def _write(self, data: bytes, at: int) -> None:
        """Write *data*, all or nothing; after a failure a new segment is started."""
        if self._file is None:
            raise OSError("no segment is open")
        try:
            done = os.pwrite(self._file, data, at)
            while done < len(data):  # a full disk: the next write fails
                done += os.pwrite(self._file, data[done:], at + done)
        except OSError:
            file = self._file
            self.finish()
            os.ftruncate(file, at)
            raise

    def finish(self) -> None:
        """Stop writing to the newest segment."""
        if self._file is not None:
            self._unsynced.append(self._file)
            self._file = None
            # An empty one would have the same name as the next.
            if self._segments and self._segments[-1].start.points == self._segments[-1].end.points:
                self._segments.pop().path.unlink(missing_ok=True)

    def to_sync(self) -> list[int]:
        """Return the files to pass to `sync`, which may run in a thread."""
        files, self._unsynced = self._unsynced, []
        if self._file is not None:
            files.append(os.dup(self._file))
        return files

    def read(
        self, start: Position, end: Position, most_points: int
    ) -> tuple[list[tuple[Batch, Position]], Position]:
        """Return batches from *start* on with their ends, at least one, and the end of them all.

        Without a batch, the position is where to continue: what is before it is damaged or gone.
        """
        segment = next((s for s in list(self._segments) if s.end.offset > start.offset), None)
        if segment is None or segment.start.offset >= end.offset:
            return [], end
        position = max(start, segment.start)
        until = min(end, segment.end)
        try:
            batches = self._read(segment, position, until, most_points)
        except OSError as error:
            log.warning("cannot read %s: %s", segment.path, error.strerror)
            batches = []
        return batches, batches[-1][1] if batches else until

    def _read(
        self, segment: Segment, position: Position, until: Position, most_points: int
    ) -> list[tuple[Batch, Position]]:
        found: list[tuple[Batch, Position]] = []
        base, points = segment.start.offset, position.points
        file = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            at = max(position.offset - base, HEADER_BYTES)
            for batch, stop in records.batches(_reader(file), at, until.offset - base):
                points += len(batch)
                if found and points - position.points > most_points:
                    break
                found.append((batch, Position(base + stop, points)))
        finally:
            os.close(file)
        return found

    def drop_delivered(self, needed: Position) -> None:
        """Remove the segments before *needed*."""
        while len(self._segments) > 1 and self._segments[0].end.offset <= needed.offset:
            self._drop_first()

    def drop_overdue(self) -> list[tuple[Position, str]]:
        """Remove the oldest segments while the queue is too large, or they are too old.

        By a clock that was set lately nothing is too old: it may be wrong. Return where each ended,
        and the reason.
        """
        dropped, is_settled = [], self._settled.is_settled()
        while len(self._segments) > 1 or (self._segments and self._file is None):
            if self.size_bytes > self._limit_bytes:
                reason = "full"
            elif is_settled and self._clock() - self._segments[0].newest_s > self._limit_age_s:
                reason = "old"
            else:
                break
            dropped.append((self._drop_first(), reason))
        return dropped

    def _drop_first(self) -> Position:
        self._segments[0].path.unlink(missing_ok=True)
        return self._segments.pop(0).end

    def close(self) -> None:
        """Sync everything to disk, and unlock the folder."""
        self.finish()
        sync(self.to_sync())
        if self._lock is not None:
            with suppress(OSError):
                os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None


def _reader(file: int) -> records.Read:
    return lambda at, size: os.pread(file, size, at)


def sync(files: list[int]) -> None:
    """Sync *files* to disk and close them."""
    for file in files:
        try:
            os.fsync(file)
        finally:
            os.close(file)
