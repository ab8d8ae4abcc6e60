"""The edge to the disk: the queue as files that are appended to, and dropped oldest first."""

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

log = logging.getLogger(__name__)

# What is dropped is dropped by the segment: a sixteenth of the queue. Not more than 256 MiB, which
# is looked through at a start; large, since each segment holds the paths of all targets anew.
_PARTS = 16
_MOST_BYTES = 2**28


@dataclass
class Segment:
    """A file of the queue, from where to where in it, and when it was last written."""

    path: Path
    start: Position
    end: Position
    began_s: float
    newest_s: float


class Segments:
    """The files below one folder. Whatever the disk refuses is raised as OSError."""

    def __init__(
        self,
        folder: Path,
        limit_bytes: int,
        limit_age_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.end = Position(0, 0)  # where the next batch will stand
        self.torn_bytes = 0
        self.was_killed = False  # the lmaster before: it has not closed the queue
        self._limit_bytes, self._limit_age_s, self._clock = limit_bytes, limit_age_s, clock
        self._segment_bytes = min(_MOST_BYTES, limit_bytes // _PARTS)
        self._segments: list[Segment] = []
        self._encoder = records.RecordEncoder()
        self._lock: int | None = None
        self._file: int | None = None
        self._unsynced: list[int] = []

    @property
    def start(self) -> Position:
        """Where the oldest segment begins."""
        return self._segments[0].start if self._segments else self.end

    @property
    def size_bytes(self) -> int:
        """How much room the files take."""
        return self.end.offset - self.start.offset

    @property
    def age_s(self) -> float:
        """How old the oldest segment is."""
        return self._clock() - self._segments[0].began_s if self._segments else 0.0

    def open(self, furthest: Position = Position(0, 0)) -> None:  # noqa: B008 - it is frozen
        """Take the folder, and find what is queued there; what is torn is cut off.

        New batches stand behind *furthest*, up to where a destination had come.

        Raises: ServiceError where another lmaster has it.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take()
        self._segments = []
        for path in sorted(self.folder.glob("*.segment")):
            self._find(path)
        while self._segments and not self._is_whole(self._segments[-1]):
            self._segments.pop().path.unlink()
        found = self._segments[-1].end if self._segments else furthest
        self.end = Position(max(found.offset, furthest.offset), max(found.points, furthest.points))

    def _take(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise ServiceError(
                f"another lmaster uses the queue in {self.folder}; end that one, or give this one "
                "its own folder with [lmaster] data directory, or --data"
            ) from None
        self._lock = lock
        self._mark(lock)

    def _mark(self, lock: int) -> None:
        """Note that the queue is in use; who is killed leaves that note behind."""
        self.was_killed = os.pread(lock, 1, 0) != b""
        if self.was_killed:
            log.warning(
                "the lmaster before was killed: what it scraped last, and had not queued, is lost"
            )
        with suppress(OSError):  # a full disk must not keep us from what is queued on it
            os.pwrite(lock, b"+", 0)

    def _find(self, path: Path) -> None:
        """Take up the segment at *path*; how many points it holds, its follower tells."""
        about = path.stat()
        with path.open("rb") as file:
            start = records.start_of(file.read(HEADER_BYTES))
        before = self._segments[-1] if self._segments else None
        if start is None or (before and start.offset <= before.start.offset):
            self._cut(path, about.st_size)
            path.unlink()
            return
        if before:
            # What stands behind its follower's start is torn, and could not be cut off.
            before.end = Position(min(before.end.offset, start.offset), start.points)
        end = Position(start.offset + about.st_size, start.points)
        self._segments.append(Segment(path, start, end, about.st_mtime, about.st_mtime))

    def _is_whole(self, segment: Segment) -> bool:
        """Cut off what is torn at the end of *segment*; tell whether anything is left."""
        size = segment.end.offset - segment.start.offset
        file = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            end, points = records.whole(_reader(file), HEADER_BYTES, size)
            if end < size:
                self._cut(segment.path, size - end)
                os.ftruncate(file, end)
        finally:
            os.close(file)
        segment.end = Position(segment.start.offset + end, segment.start.points + points)
        return points > 0

    def _cut(self, path: Path, size: int) -> None:
        if size == 0:
            return
        self.torn_bytes += size
        log.warning(
            "%s: the last %d bytes are torn and cut off; lmaster or this machine ended while "
            "they were written",
            path,
            size,
        )

    def append(self, batch: Batch) -> tuple[Position, Position]:
        """Write *batch* behind all others; return from where to where it stands."""
        return self.extend([batch])[0]

    def extend(self, batches: Sequence[Batch]) -> list[tuple[Position, Position]]:
        """Write *batches* behind all others, at once; return from where to where each stands."""
        if self._file is None or self._is_full():
            self._begin()
        segment = self._segments[-1]
        try:
            data, places = self._encoded(batches, segment.start.offset)
        except Exception:
            self.leave()  # it knows paths that will not stand there
            raise
        self._write(data, self.end.offset - segment.start.offset)
        self.end = segment.end = places[-1][1] if places else self.end
        segment.newest_s = self._clock()
        return places

    def _encoded(
        self, batches: Sequence[Batch], base: int
    ) -> tuple[bytes, list[tuple[Position, Position]]]:
        """Return *batches* as bytes of the segment that begins at *base*, and where each stands."""
        written, places, end = [], [], self.end
        for batch in batches:
            data = self._encoder.encode(batch, end.offset - base)
            start, end = end, Position(end.offset + len(data), end.points + len(batch))
            written.append(data)
            places.append((start, end))
        return b"".join(written), places

    def _is_full(self) -> bool:
        segment = self._segments[-1]
        size, age_s = segment.end.offset - segment.start.offset, self._clock() - segment.began_s
        return size > HEADER_BYTES and (
            size >= self._segment_bytes or age_s > self._limit_age_s / _PARTS
        )

    def _begin(self) -> None:
        """Begin a new segment."""
        self.leave()
        start, now_s = self.end, self._clock()
        path = self.folder / f"{start.offset:020}.segment"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._encoder = records.RecordEncoder()
        self._write(records.header(start), 0)
        self.end = Position(start.offset + HEADER_BYTES, start.points)
        self._segments.append(Segment(path, start, self.end, now_s, now_s))

    def _write(self, data: bytes, at: int) -> None:
        """Write *data*, all or nothing; after a failure a new segment is begun."""
        if self._file is None:
            raise OSError("no segment is open")
        try:
            done = os.pwrite(self._file, data, at)
            while done < len(data):  # the disk is full: the next try says so
                done += os.pwrite(self._file, data[done:], at + done)
        except OSError:
            file = self._file
            self.leave()
            os.ftruncate(file, at)
            raise

    def leave(self) -> None:
        """Write no more into the newest segment."""
        if self._file is not None:
            self._unsynced.append(self._file)
            self._file = None
            # One that holds nothing would have the name of its follower.
            if self._segments and self._segments[-1].start.points == self._segments[-1].end.points:
                self._segments.pop().path.unlink(missing_ok=True)

    def to_sync(self) -> list[int]:
        """Return files to be given to `sync`, which may run in a thread."""
        files, self._unsynced = self._unsynced, []
        if self._file is not None:
            files.append(os.dup(self._file))
        return files

    def read(
        self, start: Position, end: Position, most_points: int
    ) -> tuple[list[tuple[Batch, Position]], Position]:
        """Return batches from *start* on, at least one, and where each ends; and where all end.

        Without a batch the second says where to go on: what lies between is damaged or gone.
        """
        segment = next((s for s in list(self._segments) if s.end.offset > start.offset), None)
        if segment is None or segment.start.offset >= end.offset:
            return [], end
        place = max(start, segment.start)
        until = min(end, segment.end)
        try:
            taken = self._read(segment, place, until, most_points)
        except OSError as error:
            log.warning("%s can't be read: %s", segment.path, error.strerror)
            taken = []
        return taken, taken[-1][1] if taken else until

    def _read(
        self, segment: Segment, place: Position, until: Position, most_points: int
    ) -> list[tuple[Batch, Position]]:
        taken: list[tuple[Batch, Position]] = []
        base, points = segment.start.offset, place.points
        file = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            at = max(place.offset - base, HEADER_BYTES)
            for batch, stop in records.batches(_reader(file), at, until.offset - base):
                points += len(batch)
                if taken and points - place.points > most_points:
                    break
                taken.append((batch, Position(base + stop, points)))
        finally:
            os.close(file)
        return taken

    def drop_delivered(self, needed: Position) -> None:
        """Remove the segments before *needed*."""
        while len(self._segments) > 1 and self._segments[0].end.offset <= needed.offset:
            self._drop_first()

    def drop_overdue(self) -> list[tuple[Position, str]]:
        """Remove the oldest segments, where there are too many or they are too old.

        Return up to where, and why.
        """
        dropped = []
        while len(self._segments) > 1 or (self._segments and self._file is None):
            if self.size_bytes > self._limit_bytes:
                why = "full"
            elif self._clock() - self._segments[0].newest_s > self._limit_age_s:
                why = "old"
            else:
                break
            dropped.append((self._drop_first(), why))
        return dropped

    def _drop_first(self) -> Position:
        self._segments[0].path.unlink(missing_ok=True)
        return self._segments.pop(0).end

    def close(self) -> None:
        """Bring all to the disk, and give the folder free."""
        self.leave()
        sync(self.to_sync())
        if self._lock is not None:
            with suppress(OSError):
                os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None


def _reader(file: int) -> records.Read:
    return lambda at, size: os.pread(file, size, at)


def sync(files: list[int]) -> None:
    """Bring *files* to the disk, and close them."""
    for file in files:
        try:
            os.fsync(file)
        finally:
            os.close(file)
