"""The former format of segments, so that what waits is delivered after an upgrade.

Its records say neither where they are nor what they count, and have no mark: what is behind damaged
bytes is lost. It is only read, never written.
"""

from struct import Struct
from zlib import crc32

from .records import Position, Read, Record

_MAGIC = b"FrUCToSA queue 2\n"
_START = Struct("<QQI")
_HEAD = Struct("<IIc")  # size and checksum of the content, kind
HEADER_BYTES = len(_MAGIC) + _START.size


def start_of(head: bytes) -> Position | None:
    """Return the position at which a segment starts, None if its header is damaged."""
    head = head[:HEADER_BYTES]
    if len(head) != HEADER_BYTES or not head.startswith(_MAGIC):
        return None
    offset, points, checksum = _START.unpack(head[len(_MAGIC) :])
    return Position(offset, points) if checksum == crc32(b"%d %d" % (offset, points)) else None


class OldFormat:
    """The format of a segment that starts at the offset *base*."""

    header_bytes = HEADER_BYTES

    def __init__(self, base: int) -> None:
        self.paths_base = base

    def record(self, read: Read, at: int, until: int) -> Record | None:
        """Return the record *at* an offset of the file; None if it is damaged or incomplete."""
        begin = at + _HEAD.size
        head = read(at, _HEAD.size) if begin <= until else b""
        if len(head) != _HEAD.size:
            return None
        size, checksum, kind = _HEAD.unpack(head)
        if begin + size > until:  # checked first: a damaged size could ask for gigabytes
            return None
        content = read(begin, size)
        if len(content) != size or crc32(content, crc32(kind)) != checksum:
            return None
        return Record(kind, content, self.paths_base + at, None, _HEAD.size + size)

    def find(self, read: Read, at: int, until: int) -> int:
        """Return where the next record may begin: nowhere."""
        return until
