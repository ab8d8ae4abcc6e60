"""Create, write and read one Whisper file, with the whisper library for the format."""

import io
import os
import struct
from contextlib import suppress
from errno import EIO
from functools import lru_cache
from pathlib import Path

from .retentions import Archive, Series, finest_retention_s
from .whisper_library import whisper

_write = io.FileIO.write  # runs a few times per point: super() would double its cost

# Raised for a file with a damaged header or slot.
DAMAGE_ERRORS = (whisper.CorruptWhisperFile, struct.error)
# More than any real file has. A damaged header may claim billions.
_MAX_ARCHIVES = 8


class WriteAllFile(io.FileIO):
    """A file whose write() writes all bytes or raises OSError with the file's name.

    On a full disk, FileIO.write() can write half a point and only return the number of bytes, which
    whisper ignores.
    """

    def write(self, data: bytes) -> int:  # type: ignore[override]  # whisper has no other
        """Write all of *data*."""
        try:
            written = _write(self, data)
            while written < len(data):
                more = _write(self, data[written:])
                if not more:
                    raise OSError(EIO, os.strerror(EIO))
                written += more
        except OSError as error:
            error.filename = self.name
            raise
        return written


def create(file: Path, layout: list[Archive], method: str, x_files_factor: float = 0) -> None:
    """Create an empty file; replace one that an earlier attempt left."""
    file.unlink(missing_ok=True)
    # Sparse: a block takes disk space only when it is first written.
    whisper.create(str(file), layout, x_files_factor, method, sparse=True)


def read_archives(handle: WriteAllFile) -> tuple[Archive, ...]:
    """Return the archives of an open file, finest first.

    Raises: one of DAMAGE_ERRORS if the header is invalid, which whisper itself does not check.
    """
    max_bytes = whisper.metadataSize + _MAX_ARCHIVES * whisper.archiveInfoSize
    packed = os.pread(handle.fileno(), max_bytes, 0)
    (count,) = struct.unpack_from(whisper.longFormat, packed, whisper.metadataSize - 4)
    header = packed[: whisper.metadataSize + count * whisper.archiveInfoSize]
    try:
        archives, size = _parse_header(header)
    except (whisper.InvalidConfiguration, ValueError) as error:
        raise whisper.CorruptWhisperFile(str(error), handle.name) from error
    if os.fstat(handle.fileno()).st_size < size:
        raise whisper.CorruptWhisperFile("the file is shorter than its archives", handle.name)
    return archives


@lru_cache(maxsize=1000)  # files of one interval and method have the same header
def _parse_header(header: bytes) -> tuple[tuple[Archive, ...], int]:
    """Return the archives and the size of the file that has this header.

    Raises: ValueError, or whisper.InvalidConfiguration.
    """
    size = whisper.metadataSize
    _, longest_s, _, count = struct.unpack(whisper.metadataFormat, header[:size])
    infos = list(struct.iter_unpack(whisper.archiveInfoFormat, header[size:]))
    archives = [(step_s, slots) for _, step_s, slots in infos]
    if count != len(archives) or min(map(min, archives), default=0) < 1:
        raise ValueError("the header has no archive, or an archive without slots")
    whisper.validateArchiveList(list(archives))
    end = len(header)
    for offset, _, slots in infos:
        if offset != end:
            raise ValueError("the archives are not contiguous")
        end += slots * whisper.pointSize
    if longest_s != max(step_s * slots for step_s, slots in archives):
        raise ValueError("the longest retention is not that of an archive")
    return tuple(archives), end


def slot_end_s(now_s: int, finest: Archive) -> int:
    """Return the end of the current slot, which is passed to whisper as the current time.

    A retention of N slots that ends there covers N slots. If it ended within the slot, it would
    touch N + 1 slots, and the oldest point would overwrite the newest.
    """
    step_s, _ = finest
    return now_s - now_s % step_s + step_s


@lru_cache(maxsize=100)  # one second may have points for thousands of files
def storable_times(archives: tuple[Archive, ...], now_s: int) -> tuple[range, int]:
    """Return the times of the points that a file can store, and the end of the current slot.

    Both are in seconds since 1970. whisper silently ignores points that are older than the longest
    archive. It stores future points in the slots of the oldest ones. Up to six hours ahead (or
    2,160 intervals, if that is longer) this only overwrites fine points that the coarser archives
    already have. Further ahead it would destroy points for the sake of others that cannot be read.
    """
    (fine_s, slots), (coarse_s, coarse_slots) = archives[0], archives[-1]
    oldest_s = now_s - now_s % coarse_s - coarse_s * (coarse_slots - 1)
    end_s = slot_end_s(now_s, archives[0])
    ahead_s = min(finest_retention_s(fine_s), fine_s * slots)
    # Not from 0 on: whisper marks an empty slot with the time 0.
    return range(max(oldest_s, coarse_s), end_s + ahead_s), end_s


def write_points(
    handle: WriteAllFile, archives: tuple[Archive, ...], points: Series, now_s: int
) -> Series:
    """Write *points*; of several in one slot, the last in the list counts.

    Returns: the points that a file with these *archives* can't store.
    """
    if not points:
        return []
    times, end_s = storable_times(archives, now_s)
    if len(points) == 1:
        (time_s, value) = points[0]
        if time_s not in times:
            return points
        # The same bytes at less cost, but whisper does not accept future points here.
        with suppress(whisper.TimestampNotCovered):
            whisper.file_update(handle, value, time_s, end_s)
            return []
    # Newest first, as whisper wants them, and of equal times the last one last.
    newest_first = sorted(points, key=lambda point: point[0], reverse=True)
    if newest_first[-1][0] in times and newest_first[0][0] < end_s:
        whisper.file_update_many(handle, newest_first, end_s)
        return []
    storable = [point for point in newest_first if point[0] in times]
    # In two calls: a past and a future point can have the same slot. In one call, the future point
    # would replace the past one before whisper has aggregated that into the coarser archives.
    for part in (
        [point for point in storable if point[0] < end_s],
        [point for point in storable if point[0] >= end_s],
    ):
        if part:
            whisper.file_update_many(handle, part, end_s)
    return [point for point in points if point[0] not in times]


def archive_points(handle: WriteAllFile, from_s: int, until_s: int, step_s: int) -> Series:
    """Return the points of one archive of an open file."""
    return fetched_points(whisper.file_fetch(handle, from_s, until_s, until_s, step_s))


def fetched_points(fetched: tuple[tuple[int, int, int], list[float | None]] | None) -> Series:
    """Return the points in a result of whisper's fetch(), without empty slots."""
    if fetched is None:
        return []
    (start_s, _, step_s), values = fetched
    return [
        (start_s + index * step_s, value) for index, value in enumerate(values) if value is not None
    ]
