"""Batches as bytes: the records of a segment of the queue on disk.

A record has a header (size, checksum, kind) and content. There are two kinds: the paths of a page
below its node, and the values of a batch. The nodes of a cluster have the same paths at every
scrape, so the paths are written once per segment, and each batch refers to them: 8 bytes a point
instead of 65.

Why not pickle, marshal or JSON: loading a pickle can run code; marshal is neither safe nor stable
across Python versions; JSON took 570 ns a point to write, these columns take about 80. Numbers have
the byte order of this machine: a queue is never moved to another one.
"""

from array import array
from collections.abc import Callable, Iterator
from functools import partial
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple
from zlib import crc32

from ..model.points import Batch, Paths, Points

Read = Callable[[int, int], bytes]
"""Read bytes of a segment: offset and size."""


class Position(NamedTuple):
    """A position in the queue: the bytes and the points before it, since the queue was created."""

    offset: int
    points: int


_MAGIC = b"FrUCToSA queue 2\n"
_START = Struct("<QQI")
HEADER_BYTES = len(_MAGIC) + _START.size
_HEAD = Struct("<IIc")
_PATHS, _VALUES = b"P", b"V"
_BATCH = Struct("<qqQHH")  # time, interval, offset of the paths; sizes of what surrounds the paths


def header(start: Position) -> bytes:
    """Return the header of a segment."""
    return _MAGIC + _START.pack(*start, crc32(b"%d %d" % start))


def start_of(head: bytes) -> Position | None:
    """Return the position at which a segment starts, None if its header is damaged."""
    if len(head) != HEADER_BYTES or not head.startswith(_MAGIC):
        return None
    offset, points, checksum = _START.unpack(head[len(_MAGIC) :])
    return Position(offset, points) if checksum == crc32(b"%d %d" % (offset, points)) else None


class RecordEncoder:
    """Encodes the records of one segment; remembers which paths the segment has, and where."""

    def __init__(self) -> None:
        # By hash: Python's has 64 bits and another key in each process, so neither chance nor a
        # hostile page makes two lists of paths collide.
        self._offsets: dict[int, int] = {}

    def encode(self, batch: Batch, at: int) -> bytes:
        """Return the records of *batch*, which is written at the offset *at* of the segment."""
        points = batch.points
        offset, before = self._offsets.get(points.paths.key), b""
        if offset is None:
            text = "\n".join(points.paths.each)
            before = _record(_PATHS, text.encode("utf-8", "surrogatepass"))
            offset = self._offsets[points.paths.key] = at
        around = [part.encode("utf-8", "surrogatepass") for part in (points.before, points.after)]
        head = _BATCH.pack(batch.time_s, batch.interval_s, offset, *map(len, around))
        return before + _record(_VALUES, head + b"".join(around) + points.values.tobytes())


def _record(kind: bytes, content: bytes) -> bytes:
    return _HEAD.pack(len(content), crc32(content, crc32(kind)), kind) + content


def _read_record(read: Read, at: int, until: int) -> tuple[bytes, bytes, int] | None:
    """Return kind, content and end of a record; None if it is damaged or incomplete."""
    begin = at + _HEAD.size
    if begin > until:
        return None
    head = read(at, _HEAD.size)
    if len(head) != _HEAD.size:
        return None
    size, checksum, kind = _HEAD.unpack(head)
    if begin + size > until:  # checked first: a damaged size could ask for gigabytes
        return None
    content = read(begin, size)
    if len(content) != size or crc32(content, crc32(kind)) != checksum:
        return None
    return kind, content, begin + size


def whole(read: Read, at: int, until: int) -> tuple[int, int]:
    """Return where the undamaged records end, and how many points they have."""
    points = 0
    while found := _read_record(read, at, until):
        kind, content, at = found
        if kind == _VALUES:
            points += max(0, len(content) - _values_at(content)) // 8
    return at, points


def batches(read: Read, at: int, until: int) -> Iterator[tuple[Batch, int]]:
    """Yield the batches from *at* on, and where each ends; stop at a damaged record."""
    known: dict[int, Paths] = {}
    while found := _read_record(read, at, until):
        kind, content, at = found
        if kind != _VALUES:
            continue
        batch = _batch(content, partial(_paths, read, at, known))
        if batch is None:
            return
        yield batch, at


def _values_at(content: bytes) -> int:
    """Return where the values start in a record of values; its end if it is too short."""
    if len(content) < _BATCH.size:
        return len(content)
    *_, before, after = _BATCH.unpack_from(content)
    return _BATCH.size + int(before) + int(after)


def _batch(content: bytes, paths_at: Callable[[int], Paths | None]) -> Batch | None:
    try:
        time_s, interval_s, offset, size, _ = _BATCH.unpack_from(content)
        at, middle = _values_at(content), _BATCH.size + size
        if at > len(content):
            return None
        values = array("d", content[at:])
    except (struct_error, ValueError):
        return None
    paths = paths_at(offset) if values else Paths(())
    if paths is None or len(paths.each) != len(values):
        return None
    around = [_text(part) for part in (content[_BATCH.size : middle], content[middle:at])]
    return Batch(time_s, interval_s, Points(around[0], paths, around[1], values))


def _paths(read: Read, until: int, known: dict[int, Paths], offset: int) -> Paths | None:
    """Return the paths at an *offset*, None if the record there is damaged."""
    paths = known.get(offset)
    if paths is None:
        found = _read_record(read, offset, until)
        if found is None or found[0] != _PATHS:
            return None
        paths = known[offset] = Paths(tuple(_text(found[1]).split("\n")))
    return paths


def _text(part: bytes) -> str:
    return part.decode("utf-8", "surrogatepass")
