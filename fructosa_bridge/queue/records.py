"""Batches as bytes: the records of a segment of the queue on disk.

A record has a header and content. There are two kinds: the paths of a page below its node, and the
values of a batch. The nodes of a cluster have the same paths at every scrape, so the paths are
written once per segment, and each batch refers to them: 8 bytes a point instead of 65.

The header of a record begins with the mark of its segment, eight random bytes, so that the next
record is found behind damaged bytes, and nothing that a node sends looks like a record. It has the
position of the record in the queue, so that it is known how many points the damaged bytes had.

Why not pickle, marshal or JSON: loading a pickle can run code; marshal is neither safe nor stable
across Python versions; JSON took 570 ns a point to write, these columns take about 80. Numbers have
the byte order of this machine: a queue is never moved to another one.
"""

from array import array
from collections.abc import Callable
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple, Protocol
from zlib import crc32

from ..model.points import Batch, Paths, Points

Read = Callable[[int, int], bytes]
"""Read bytes of a segment: offset and size."""


class Position(NamedTuple):
    """A position in the queue: the bytes and the points before it, since the queue was created."""

    offset: int
    points: int


Range = tuple[Position, Position]
"""A part of the queue: from where to where."""

MARK_BYTES = 8
PATHS, VALUES = b"P", b"V"
_MAGIC = b"FrUCToSA queue 3\n"
_START = Struct(f"<QQ{MARK_BYTES}s")
_CHECKSUM = Struct("<I")
HEADER_BYTES = len(_MAGIC) + _START.size + _CHECKSUM.size
_HEAD = Struct(f"<{MARK_BYTES}sQQcII")  # mark, position, kind; size and checksum of the content
_HEAD_BYTES = _HEAD.size + _CHECKSUM.size
_BATCH = Struct("<qqQHH")  # time, interval, offset of the paths; sizes of what surrounds the paths
_SEARCHED_BYTES = 2**20  # at a time


class Record(NamedTuple):
    """A record as it is in a file, at the *offset* of the queue, and its *size* in bytes.

    *points* is the number of points before it, None in the format that does not say it.
    """

    kind: bytes
    content: bytes
    offset: int
    points: int | None
    size: int

    @property
    def own_points(self) -> int:
        """How many points it has."""
        if self.kind != VALUES:
            return 0
        return max(0, len(self.content) - _values_at(self.content)) // 8


class RecordFormat(Protocol):
    """A format of segments, for one segment."""

    header_bytes: int
    paths_base: int  # which offset of the queue the offsets of paths count from

    def record(self, read: Read, at: int, until: int) -> Record | None:
        """Return the record *at* an offset of the file; None if it is damaged or incomplete."""

    def find(self, read: Read, at: int, until: int) -> int:
        """Return where the next record may begin, from *at* on; *until* if there is none."""


def header(start: Position, mark: bytes) -> bytes:
    """Return the header of a segment."""
    content = _MAGIC + _START.pack(*start, mark)
    return content + _CHECKSUM.pack(crc32(content))


def header_of(head: bytes) -> tuple[Position, bytes] | None:
    """Return the position at which a segment starts, and its mark; None if that is damaged."""
    content, checksum = head[: -_CHECKSUM.size], head[-_CHECKSUM.size :]
    is_whole = len(head) == HEADER_BYTES and head.startswith(_MAGIC)
    if not is_whole or checksum != _CHECKSUM.pack(crc32(content)):
        return None
    offset, points, mark = _START.unpack(content[len(_MAGIC) :])
    return Position(offset, points), mark


class RecordEncoder:
    """Encodes the records of one segment; remembers which paths the segment has, and where."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        # By hash: Python's has 64 bits and another key in each process, so neither chance nor a
        # hostile page makes two lists of paths collide.
        self._offsets: dict[int, int] = {}

    def encode(self, batch: Batch, at: Position) -> bytes:
        """Return the records of *batch*, which is written at that position of the queue."""
        points = batch.points
        offset, before = self._offsets.get(points.paths.key), b""
        if offset is None:
            text = "\n".join(points.paths.each)
            before = self._record(PATHS, text.encode("utf-8", "surrogatepass"), at)
            offset = self._offsets[points.paths.key] = at.offset
            at = Position(at.offset + len(before), at.points)
        around = [part.encode("utf-8", "surrogatepass") for part in (points.before, points.after)]
        head = _BATCH.pack(batch.time_s, batch.interval_s, offset, *map(len, around))
        return before + self._record(VALUES, head + b"".join(around) + points.values.tobytes(), at)

    def _record(self, kind: bytes, content: bytes, at: Position) -> bytes:
        head = _HEAD.pack(self._mark, *at, kind, len(content), crc32(content))
        return head + _CHECKSUM.pack(crc32(head)) + content


class MarkedFormat:
    """The format of a segment with that *mark*."""

    header_bytes = HEADER_BYTES
    paths_base = 0

    def __init__(self, mark: bytes) -> None:
        self._mark = mark

    def record(self, read: Read, at: int, until: int) -> Record | None:
        """Return the record *at* an offset of the file; None if it is damaged or incomplete."""
        begin = at + _HEAD_BYTES
        data = read(at, _HEAD_BYTES) if begin <= until else b""
        if len(data) != _HEAD_BYTES or not data.startswith(self._mark):
            return None
        head = data[: _HEAD.size]
        _, offset, points, kind, size, checksum = _HEAD.unpack(head)
        # Before the content: a damaged size could ask for gigabytes.
        if data[_HEAD.size :] != _CHECKSUM.pack(crc32(head)) or begin + size > until:
            return None
        content = read(begin, size)
        if len(content) != size or crc32(content) != checksum:
            return None
        return Record(kind, content, offset, points, _HEAD_BYTES + size)

    def find(self, read: Read, at: int, until: int) -> int:
        """Return where the next record may begin, from *at* on; *until* if there is none."""
        while at < until:
            data = read(at, min(_SEARCHED_BYTES, until - at))
            if (found := data.find(self._mark)) >= 0:
                return at + found
            if len(data) < MARK_BYTES:
                break
            at += len(data) - MARK_BYTES + 1  # it may be there in part
        return until


def _values_at(content: bytes) -> int:
    """Return where the values start in a record of values; its end if it is too short."""
    if len(content) < _BATCH.size:
        return len(content)
    *_, before, after = _BATCH.unpack_from(content)
    return _BATCH.size + int(before) + int(after)


def batch_of(content: bytes, paths_at: Callable[[int], Paths | None]) -> Batch | None:
    """Return the batch in a record of values; None if it is inconsistent or has no paths."""
    try:
        time_s, interval_s, offset, size, _ = _BATCH.unpack_from(content)
        at, middle = _values_at(content), _BATCH.size + size
        if at > len(content):
            return None
        values = array("d", content[at:])
        around = [_text(part) for part in (content[_BATCH.size : middle], content[middle:at])]
    except (struct_error, ValueError):
        return None
    paths = paths_at(offset) if values else Paths(())
    if paths is None or len(paths.each) != len(values):
        return None
    return Batch(time_s, interval_s, Points(around[0], paths, around[1], values))


def paths_of(content: bytes) -> Paths | None:
    """Return the paths in a record of paths; None if they are no text."""
    try:
        return Paths(tuple(_text(content).split("\n")))
    except ValueError:
        return None


def _text(part: bytes) -> str:
    return part.decode("utf-8", "surrogatepass")
