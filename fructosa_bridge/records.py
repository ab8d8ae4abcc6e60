"""Batches as bytes: the records of a segment of the queue on disk.

A record is a head (size, checksum, kind) and what it holds. There are two kinds: the paths of a
scrape, and its values. The nodes of a cluster say the same at every scrape, so the paths stand
once in a segment, and each batch says where: 8 bytes a point instead of 65.

Why not pickle, marshal, JSON: loading a pickle can run what it says; marshal promises neither to
be safe nor to be read by the next Python; JSON took 570 ns a point to write where these columns
take about 80. The numbers of this machine's byte order are used: a queue stays where it is.
"""

from array import array
from collections.abc import Callable, Iterator
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple
from zlib import crc32

from .model import Batch

Read = Callable[[int, int], bytes]
"""Return the bytes of a segment: from where, and how many."""


class Place(NamedTuple):
    """A place in the queue: the bytes and the points before it, since the queue was made."""

    offset: int
    points: int


_MAGIC = b"FrUCToSA queue 1\n"
_START = Struct("<QQI")
HEADER_BYTES = len(_MAGIC) + _START.size
_HEAD = Struct("<IIc")
_PATHS, _VALUES = b"P", b"V"
_BATCH = Struct("<qqQ")


def header(start: Place) -> bytes:
    """Return what a segment begins with."""
    return _MAGIC + _START.pack(*start, crc32(b"%d %d" % start))


def start_of(head: bytes) -> Place | None:
    """Return where a segment begins in the queue; None where *head* is not whole."""
    if len(head) != HEADER_BYTES or not head.startswith(_MAGIC):
        return None
    offset, points, checksum = _START.unpack(head[len(_MAGIC) :])
    return Place(offset, points) if checksum == crc32(b"%d %d" % (offset, points)) else None


class Encoder:
    """Makes the records of one segment; remembers which paths it holds, and where."""

    def __init__(self) -> None:
        # By hash: Python's is keyed anew in each process and has 64 bits, so that neither chance
        # nor a hostile page makes two lists of paths one; the lists would take a hundred megabytes.
        self._places: dict[int, int] = {}

    def encode(self, batch: Batch, at: int) -> bytes:
        """Return the records of *batch*, which will stand at *at* in the segment."""
        paths, values = zip(*batch.points, strict=True) if batch.points else ((), ())
        text = "\n".join(paths)
        key = hash(text)
        place, before = self._places.get(key), b""
        if place is None:
            before = _record(_PATHS, text.encode("utf-8", "surrogatepass"))
            place = self._places[key] = at
        head = _BATCH.pack(batch.time_s, batch.interval_s, place)
        return before + _record(_VALUES, head + array("d", values).tobytes())


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
            points += (len(content) - _BATCH.size) // 8
    return at, points


def batches(read: Read, at: int, until: int) -> Iterator[tuple[Batch, int]]:
    """Yield the batches from *at* on, and where each ends; stop at what is not whole."""
    while found := _read_record(read, at, until):
        kind, content, at = found
        if kind != _VALUES:
            continue
        batch = _batch(read, content, at)
        if batch is None:
            return
        yield batch, at


def _batch(read: Read, content: bytes, until: int) -> Batch | None:
    try:
        time_s, interval_s, place = _BATCH.unpack_from(content)
        values = array("d", content[_BATCH.size :])
    except (struct_error, ValueError):
        return None
    found = _read_record(read, place, until)
    if found is None or found[0] != _PATHS:
        return None
    paths = found[1].decode("utf-8", "surrogatepass").split("\n") if values else []
    if len(paths) != len(values):
        return None
    return Batch(time_s, interval_s, list(zip(paths, values, strict=True)))
