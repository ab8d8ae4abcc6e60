"""One Whisper file: made, written to, read. What its bytes mean is whisper's business alone."""

import io
import os
import struct
from contextlib import suppress
from errno import EIO
from functools import lru_cache
from pathlib import Path

import whisper

from .retentions import Archive, Series

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


def checked(handle: Whole) -> Archive:
    """Return the finest archive of an open file.

    Raises: one of DAMAGED when the header makes no sense; whisper itself would go on with it.
    """
    most = whisper.metadataSize + _MOST_ARCHIVES * whisper.archiveInfoSize
    packed = os.pread(handle.fileno(), most, 0)
    (count,) = struct.unpack_from(whisper.longFormat, packed, whisper.metadataSize - 4)
    header = packed[: whisper.metadataSize + count * whisper.archiveInfoSize]
    try:
        finest, size = _layout(header)
    except (whisper.InvalidConfiguration, ValueError) as error:
        raise whisper.CorruptWhisperFile(str(error), handle.name) from error
    if os.fstat(handle.fileno()).st_size < size:
        raise whisper.CorruptWhisperFile("The file is shorter than its archives", handle.name)
    return finest


@lru_cache(maxsize=1000)  # files of one interval and method have the same header
def _layout(header: bytes) -> tuple[Archive, int]:
    """Return the finest archive, and how long the file is."""
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
    return archives[0], end


def write(handle: Whole, points: Series, now_s: int) -> None:
    """Write *points* to their slots; of several in a slot the last of the list."""
    if len(points) == 1:
        (time_s, value) = points[0]
        # The shorter way to the same bytes; it takes no time that is still to come.
        with suppress(whisper.TimestampNotCovered):
            whisper.file_update(handle, value, time_s, now_s)
            return
    # Newest first, as whisper wants them, and of equal times the last one last.
    newest_first = sorted(points, key=lambda point: point[0], reverse=True)
    whisper.file_update_many(handle, newest_first, now_s)


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
