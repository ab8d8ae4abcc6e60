"""Batches as bytes: the records of a segment of the queue on disk.

A record is a head (size, checksum, kind) and what it holds. There are two kinds: the paths of a
page below its node, and the node with its values. The nodes of a cluster say the same at every
scrape, so the paths stand once in a segment, for all of them, and each batch says where: 8 bytes
a point instead of 65.

Why not pickle, marshal, JSON: loading a pickle can run what it says; marshal promises neither to
be safe nor to be read by the next Python; JSON took 570 ns a point to write where these columns
take about 80. The numbers of this machine's byte order are used: a queue stays where it is.
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
"""Return the bytes of a segment: from where, and how many."""


class Position(NamedTuple):
    """A place in the queue: the bytes and the points before it, since the queue was made."""

    offset: int
    points: int


_MAGIC = b"FrUCToSA queue 2\n"
_START = Struct("<QQI")
HEADER_BYTES = len(_MAGIC) + _START.size
_HEAD = Struct("<IIc")
_PATHS, _VALUES = b"P", b"V"
_BATCH = Struct("<qqQHH")  # the node's place, and what follows the paths, are short


def header(start: Position) -> bytes:
    """Return what a segment begins with."""
    return _MAGIC + _START.pack(*start, crc32(b"%d %d" % start))


def start_of(head: bytes) -> Position | None:
    """Return where a segment begins in the queue; None where *head* is not whole."""
    if len(head) != HEADER_BYTES or not head.startswith(_MAGIC):
        return None
    offset, points, checksum = _START.unpack(head[len(_MAGIC) :])
    return Position(offset, points) if checksum == crc32(b"%d %d" % (offset, points)) else None


class RecordEncoder:
    """Makes the records of one segment; remembers which paths it holds, and where."""

    def __init__(self) -> None:
        # By hash: Python's is keyed anew in each process and has 64 bits, so that neither chance
        # nor a hostile page makes two lists of paths one.
        self._places: dict[int, int] = {}

    def encode(self, batch: Batch, at: int) -> bytes:
        """Return the records of *batch*, which will stand at *at* in the segment."""
        points = batch.points
        place, before = self._places.get(points.paths.key), b""
        if place is None:
            text = "\n".join(points.paths.each)
            before = _record(_PATHS, text.encode("utf-8", "surrogatepass"))
            place = self._places[points.paths.key] = at
        around = [part.encode("utf-8", "surrogatepass") for part in (points.before, points.after)]
        head = _BATCH.pack(batch.time_s, batch.interval_s, place, *map(len, around))
        return before + _record(_VALUES, head + b"".join(around) + points.values.tobytes())


def _record(kind: bytes, content: bytes) -> bytes:
    return _HEAD.pack(len(content), crc32(content, crc32(kind)), kind) + content


def _read_record(read: Read, at: int, until: int) -> tuple[bytes, bytes, int] | None:
    """Return kind, content and end of a record; None where there is no whole one."""
    begin = at + _HEAD.size
    if begin > until:
        return None
    head = read(at, _HEAD.size)
    if len(head) != _HEAD.size:
        return None
    size, checksum, kind = _HEAD.unpack(head)
    if begin + size > until:  # looked at first: a damaged size would ask for gigabytes
        return None
    content = read(begin, size)
    if len(content) != size or crc32(content, crc32(kind)) != checksum:
        return None
    return kind, content, begin + size


def whole(read: Read, at: int, until: int) -> tuple[int, int]:
    """Return where the whole records end, and how many points they hold."""
    points = 0
    while found := _read_record(read, at, until):
        kind, content, at = found
        if kind == _VALUES:
            points += max(0, len(content) - _values_at(content)) // 8
    return at, points


def batches(read: Read, at: int, until: int) -> Iterator[tuple[Batch, int]]:
    """Yield the batches from *at* on, and where each ends; stop at what is not whole."""
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
    """Return where the values begin in a record of them; its end where it is too short."""
    if len(content) < _BATCH.size:
        return len(content)
    *_, before, after = _BATCH.unpack_from(content)
    return _BATCH.size + int(before) + int(after)


def _batch(content: bytes, paths_at: Callable[[int], Paths | None]) -> Batch | None:
    try:
        time_s, interval_s, place, size, _ = _BATCH.unpack_from(content)
        at, middle = _values_at(content), _BATCH.size + size
        if at > len(content):
            return None
        values = array("d", content[at:])
    except (struct_error, ValueError):
        return None
    paths = paths_at(place) if values else Paths(())
    if paths is None or len(paths.each) != len(values):
        return None
    around = [_text(part) for part in (content[_BATCH.size : middle], content[middle:at])]
    return Batch(time_s, interval_s, Points(around[0], paths, around[1], values))


def _paths(read: Read, until: int, known: dict[int, Paths], place: int) -> Paths | None:
    """Return the paths that stand at a *place*; None where there are none."""
    paths = known.get(place)
    if paths is None:
        found = _read_record(read, place, until)
        if found is None or found[0] != _PATHS:
            return None
        paths = known[place] = Paths(tuple(_text(found[1]).split("\n")))
    return paths


def _text(part: bytes) -> str:
    return part.decode("utf-8", "surrogatepass")
