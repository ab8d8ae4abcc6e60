"""One Whisper file: made, written to, read. What its bytes mean is whisper's business alone."""

import io
import os
import struct
from contextlib import suppress
from errno import EIO
from functools import lru_cache
from pathlib import Path

import whisper

from .retentions import Archive, Series, at_hand_s

_write = io.FileIO.write  # called a few times a point: super() would cost as much as it does

# What is raised for a file whose header or slots are not whole.
DAMAGED = (whisper.CorruptWhisperFile, struct.error)
# More than anybody has; a damaged header may speak of billions.
_MOST_ARCHIVES = 8


class Whole(io.FileIO):
    """A file that is written wholly or fails, and says of which name it is.

    A disk that gets full can take half a point, of which plain FileIO tells by a number that
    whisper does not look at.
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


def create(file: Path, into: list[Archive], method: str, x_files_factor: float = 0) -> None:
    """Make an empty file; one that an earlier try left is replaced."""
    file.unlink(missing_ok=True)
    # Sparse: a slot takes room on the disk when it is first written.
    whisper.create(str(file), into, x_files_factor, method, sparse=True)


def checked(handle: Whole) -> tuple[Archive, ...]:
    """Return the archives of an open file, finest first.

    Raises: one of DAMAGED when the header makes no sense; whisper itself would go on with it.
    """
    most = whisper.metadataSize + _MOST_ARCHIVES * whisper.archiveInfoSize
    packed = os.pread(handle.fileno(), most, 0)
    (count,) = struct.unpack_from(whisper.longFormat, packed, whisper.metadataSize - 4)
    header = packed[: whisper.metadataSize + count * whisper.archiveInfoSize]
    try:
        archives, size = _layout(header)
    except (whisper.InvalidConfiguration, ValueError) as error:
        raise whisper.CorruptWhisperFile(str(error), handle.name) from error
    if os.fstat(handle.fileno()).st_size < size:
        raise whisper.CorruptWhisperFile("The file is shorter than its archives", handle.name)
    return archives


@lru_cache(maxsize=1000)  # files of one interval and method have the same header
def _layout(header: bytes) -> tuple[tuple[Archive, ...], int]:
    """Return the archives, and how long the file is."""
    size = whisper.metadataSize
    _, longest_s, _, count = struct.unpack(whisper.metadataFormat, header[:size])
    found = list(struct.iter_unpack(whisper.archiveInfoFormat, header[size:]))
    archives = [(step_s, slots) for _, step_s, slots in found]
    if count != len(archives) or min(map(min, archives), default=0) < 1:
        raise ValueError("The header has an archive without slots, or none")
    whisper.validateArchiveList(list(archives))
    end = len(header)
    for offset, _, slots in found:
        if offset != end:
            raise ValueError("The archives do not follow one another")
        end += slots * whisper.pointSize
    if longest_s != max(step_s * slots for step_s, slots in archives):
        raise ValueError("The longest retention is not that of an archive")
    return tuple(archives), end


def end_of_slot(now_s: int, finest: Archive) -> int:
    """Return when the slot of this moment ends.

    Seen from there an archive has as many slots as points that are young enough for it. Seen from
    within the slot it is one more, and the oldest would take the place of the newest.
    """
    step_s, _ = finest
    return now_s - now_s % step_s + step_s


@lru_cache(maxsize=100)  # thousands of files are written to at one moment
def kept(archives: tuple[Archive, ...], now_s: int) -> tuple[range, int]:
    """Return the times of which a file keeps points, and when the present slot ends.

    Both are seconds since 1970. What is older than the longest archive whisper leaves out without a
    word. Times to come it takes, however far, into slots of what is known: six hours ahead (2,160
    intervals, if that is more) that costs but the fineness of as much, which the coarser archives
    have by then; further on it would cost points for others that nobody can ever read.
    """
    (fine_s, slots), (coarse_s, most) = archives[0], archives[-1]
    oldest_s = now_s - now_s % coarse_s - coarse_s * (most - 1)
    # A slot that begins with 1970 is an empty one.
    end_s = end_of_slot(now_s, archives[0])
    ahead_s = min(at_hand_s(fine_s), fine_s * slots)
    return range(max(oldest_s, coarse_s), end_s + ahead_s), end_s


def write(handle: Whole, archives: tuple[Archive, ...], points: Series, now_s: int) -> Series:
    """Write *points* to their slots; of several in a slot the last of the list.

    Returns those of times that a file with such *archives* doesn't keep; they are not written.
    """
    times, end_s = kept(archives, now_s)
    if len(points) == 1:
        (time_s, value) = points[0]
        if time_s not in times:
            return points
        # The shorter way to the same bytes; it takes no time that is still to come.
        with suppress(whisper.TimestampNotCovered):
            whisper.file_update(handle, value, time_s, end_s)
            return []
    # Newest first, as whisper wants them, and of equal times the last one last.
    newest_first = sorted(points, key=lambda point: point[0], reverse=True)
    if newest_first[-1][0] in times and newest_first[0][0] < end_s:
        whisper.file_update_many(handle, newest_first, end_s)
        return []
    known = [point for point in newest_first if point[0] in times]
    # For themselves: a slot is that of a time to come, and of another one that is over. In one go
    # the older point would be gone before the coarser archives have it.
    for part in (
        [point for point in known if point[0] < end_s],
        [point for point in known if point[0] >= end_s],
    ):
        if part:
            whisper.file_update_many(handle, part, end_s)
    return [point for point in points if point[0] not in times]


def occupied(handle: Whole, from_s: int, until_s: int, step_s: int) -> Series:
    """Return the points of one archive of an open file."""
    return known(whisper.file_fetch(handle, from_s, until_s, until_s, step_s))


def known(found: tuple[tuple[int, int, int], list[float | None]] | None) -> Series:
    """Return the slots that have a point, of what whisper has fetched."""
    if found is None:
        return []
    (start_s, _, step_s), values = found
    return [
        (start_s + index * step_s, value) for index, value in enumerate(values) if value is not None
    ]
