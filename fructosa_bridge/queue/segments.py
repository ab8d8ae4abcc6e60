"""The edge to the disk: the files of the queue, appended to at the end, dropped at the start."""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fructosa_service.errors import ServiceError

from ..clocks.settled_clock import SettledClock
from ..model.errors import QueueError
from ..model.points import Batch
from .aside import Aside
from .records import HEADER_BYTES, MARK_BYTES, MarkedFormat, Position, Range, RecordEncoder, header
from .segment_file import SegmentFile, file_name

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
CANNOT_READ = "cannot read %s: %s"
TORN = (
    "%s: the last %d bytes are left out: they were written only in part when lmaster or this "
    "machine stopped"
)


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
        self._segments: list[SegmentFile] = []
        # As large as two segments: one that is damaged fits.
        self._aside = Aside(folder, 2 * self._segment_bytes)
        self._encoder = RecordEncoder(b"")
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
        """Lock the folder and find its segments; set aside what is none.

        New batches are written after *furthest*, the furthest position of a destination.

        Raises: ServiceError if another lmaster uses the folder.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._take_lock()
        self._aside.open()
        self._segments = []
        for found in sorted(self._found(), key=_order):
            self._add(found)
        while self._segments and self._find_end(self._segments[-1]):
            self._aside.take(self._segments.pop().path)
        found_end = self._segments[-1].end if self._segments else furthest
        self.end = Position(*map(max, found_end, furthest))

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

    def _found(self) -> Iterator[SegmentFile]:
        """Yield the segments in the folder; remove or set aside what holds no record."""
        for path in sorted(self.folder.glob("*.segment")):
            try:
                found = SegmentFile.found(path)
                is_empty = path.lstat().st_size <= HEADER_BYTES
            except OSError as error:
                log.error(CANNOT_READ, path, error.strerror or error)
                found, is_empty = None, False
            if found is not None:
                yield found
            elif is_empty:
                self._report_torn(path, path.lstat().st_size)
                path.unlink()
            else:
                self._aside.take(path)

    def _add(self, segment: SegmentFile) -> None:
        """Add a segment; its end follows from the start of the next one."""
        before = self._segments[-1] if self._segments else None
        if before and segment.start.offset == before.start.offset:  # a copy
            self._aside.take(segment.path)
            return
        if before:
            before.close_at(segment.start)
        self._segments.append(segment)

    def _find_end(self, segment: SegmentFile) -> bool:
        """Find the end of the last segment; return whether it has no points."""
        self._report_torn(segment.path, segment.find_end())
        return segment.end.points <= segment.start.points

    def _report_torn(self, path: Path, size: int) -> None:
        if size == 0:
            return
        self.torn_bytes += size
        log.warning(TORN, path, size)

    def append(self, batch: Batch) -> Range:
        """Append *batch*; return its range."""
        return self.extend([batch])[0]

    def extend(self, batches: Sequence[Batch]) -> list[Range]:
        """Append *batches* in one write; return the range of each."""
        if self._file is None or self._is_full():
            self._start_segment()
        segment = self._segments[-1]
        try:
            data, ranges = self._encoded(batches)
        except Exception:
            self.finish()  # the encoder remembers paths that were not written
            raise
        self._write(data, self.end.offset - segment.start.offset)
        self.end = segment.end = ranges[-1][1] if ranges else self.end
        segment.newest_s = self._clock()
        return ranges

    def _encoded(self, batches: Sequence[Batch]) -> tuple[bytes, list[Range]]:
        """Return *batches* as bytes of the newest segment, and their ranges."""
        written, ranges, end = [], [], self.end
        for batch in batches:
            data = self._encoder.encode(batch, end)
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
        mark = os.urandom(MARK_BYTES)
        path = self.folder / file_name(start, mark)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._encoder = RecordEncoder(mark)
        try:
            self._write(header(start, mark), 0)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
        segment = SegmentFile(path, MarkedFormat(mark), start, now_s)
        self.end = segment.end
        self._segments.append(segment)

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
    ) -> tuple[list[tuple[Batch, Range]], Position]:
        """Return batches from *start* on with their ranges, and the end of them all.

        There is at least one of them, or the position is where to continue: what is before it is
        damaged or gone.

        Raises: QueueError if a file cannot be read.
        """
        segment = next((s for s in list(self._segments) if s.end.offset > start.offset), None)
        if segment is None or segment.start.offset >= end.offset:
            return [], end
        position = max(start, segment.start)
        until = min(end, segment.end)
        try:
            batches = segment.read(position, until, most_points)
        except FileNotFoundError:
            log.error(CANNOT_READ, segment.path, "it is gone")
            batches = []
        except OSError as error:
            text = CANNOT_READ % (segment.path, error.strerror or error)
            raise QueueError(text, until) from None
        return batches, batches[-1][1][1] if batches else until

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
            if self.size_bytes + self._aside.size_bytes > self._limit_bytes:
                if self._aside.size_bytes:
                    self._aside.limit(0)
                    continue
                reason = "full"
            elif is_settled and self._clock() - self._segments[0].newest_s > self._limit_age_s:
                reason = "old"
            else:
                break
            dropped.append((self._drop_first(), reason))
        return dropped

    def _drop_first(self) -> Position:
        first = self._segments[0]
        if first.is_damaged and os.path.lexists(first.path):
            self._aside.take(first.path)
        else:
            first.path.unlink(missing_ok=True)
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


def _order(segment: SegmentFile) -> tuple[int, int]:
    """Return the order of segments: by their start; of copies the longest comes first."""
    return segment.start.offset, -segment.end.offset


def sync(files: list[int]) -> None:
    """Sync *files* to disk and close them."""
    failure: OSError | None = None
    for file in files:
        try:
            os.fsync(file)
        except OSError as error:
            failure = error
        finally:
            os.close(file)
    if failure is not None:
        raise failure
