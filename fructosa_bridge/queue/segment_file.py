"""A file of the queue: where it starts, and the batches in it.

It is taken for undamaged until a record turns out not to be. Then it is searched once for all of
its records, and what is behind the damaged bytes is read too.
"""

import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ..model.points import Batch
from . import old_records, records
from .pieces import Damaged, Piece, batches, pieces
from .records import MARK_BYTES, MarkedFormat, Position, Range, Read, RecordFormat

log = logging.getLogger(__name__)

DAMAGED = (
    "%s is damaged: %d bytes of it cannot be read; the points in them are lost, and counted when "
    "it is sent; check that disk"
)
# More than a segment ever has. A damaged file system may claim that a file has terabytes.
_MOST_BYTES = 2**30
_FAR = 2**62
_NAME = re.compile(rf"[0-9]{{20}}-([0-9a-f]{{{2 * MARK_BYTES}}})\.segment")


def file_name(start: Position, mark: bytes) -> str:
    """Return the name of a segment: it is found by it if its header is damaged."""
    return f"{start.offset:020}-{mark.hex()}.segment"


class SegmentFile:
    """A file of the queue, with its range and the times of its first and last write."""

    def __init__(self, path: Path, form: RecordFormat, start: Position, written_s: float) -> None:
        self.path, self.start = path, start
        self.end = Position(start.offset + form.header_bytes, start.points)
        self.began_s = self.newest_s = written_s
        self.is_damaged = False
        self._form = form
        self._pieces = [_open_piece(self.end, form.header_bytes)]

    @classmethod
    def found(cls, path: Path) -> "SegmentFile | None":
        """Return the segment at *path*, up to the end of its file; None if it holds no record.

        The number of its points is not known yet: it follows from the next segment.

        Raises: OSError.
        """
        with _opened(path) as (read, size, written_s):
            head = _head(path, read, size)
            if head is None:
                return None
            made = cls(path, head.form, head.start, written_s)
            made.end = Position(head.start.offset + size, head.start.points)
            if not head.is_whole or head.form.record(read, head.form.header_bytes, size) is None:
                made._search(read, size)
                if len(made._pieces) == 1:
                    return None
            return made

    def close_at(self, start: Position) -> None:
        """Let it end where the next segment starts: what is behind that is torn."""
        self.end = Position(min(self.end.offset, start.offset), start.points)

    def find_end(self) -> int:
        """Let it end after its last undamaged record; return how many bytes are behind that.

        Raises: OSError.
        """
        with _opened(self.path) as (read, size, _):
            known = pieces(self._form, read, size, self.start.points)
            torn = size - max((piece.stop for piece in known), default=0)
            if torn or len(known) != 1:
                self._search(read, size, torn)
            self.end = max((piece.end for piece in known), default=self.start)
        return torn

    def _search(self, read: Read, size: int, torn: int = 0) -> None:
        """Find the undamaged pieces of a file that is damaged, not only *torn* at its end."""
        known = pieces(self._form, read, size, self.start.points)
        undamaged = self._form.header_bytes + sum(piece.stop - piece.at for piece in known)
        if undamaged + torn < size and not self.is_damaged:
            log.error(DAMAGED, self.path, size - torn - undamaged)
        # With what is still written to it.
        end = Position(self.start.offset + size, self.start.points)
        self._pieces = [*known, _open_piece(end, size)]
        self.is_damaged = True

    def read(self, start: Position, until: Position, most_points: int) -> list[tuple[Batch, Range]]:
        """Return batches from *start* on, at least one if there is any, with their ranges.

        Raises: OSError.
        """
        with _opened(self.path) as (read, size, _):
            found: list[tuple[Batch, Range]] = []
            for skips in (self.is_damaged, True):
                every = batches(self._form, read, self._pieces, start, until, skips=skips)
                try:
                    for batch, where in every:
                        if found and where[1].points - start.points > most_points:
                            return found
                        found.append((batch, where))
                except Damaged:
                    self._search(read, size)
                if found:
                    break
            return found


def _open_piece(start: Position, at: int) -> Piece:
    return Piece(start, Position(_FAR, _FAR), at)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Read, int, float]]:
    """Open a file; yield how to read it, its size and the time of its last write."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is no file")
        yield _reader(file), min(about.st_size, _MOST_BYTES), about.st_mtime
    finally:
        os.close(file)


def _reader(file: int) -> Read:
    return lambda at, size: os.pread(file, size, at)


class _Head(NamedTuple):
    """What the header of a file says, or what is found without it."""

    form: RecordFormat
    start: Position
    is_whole: bool = True


def _head(path: Path, read: Read, size: int) -> _Head | None:
    """Return the format of a file and where it starts, also if its header is damaged."""
    head = read(0, records.HEADER_BYTES)
    if (found := records.header_of(head)) is not None:
        return _Head(MarkedFormat(found[1]), found[0])
    if (start := old_records.start_of(head)) is not None:
        return _Head(old_records.OldFormat(start.offset), start)
    marks = [read(records.HEADER_BYTES, MARK_BYTES)]  # of the first record
    if named := _NAME.fullmatch(path.name):
        marks.insert(0, bytes.fromhex(named[1]))
    for mark in marks:
        form = MarkedFormat(mark)
        if len(mark) == MARK_BYTES and (known := pieces(form, read, size, 0)):
            offset, points = known[0].start
            start = Position(max(0, offset - records.HEADER_BYTES), points)
            return _Head(form, start, is_whole=False)
    return None
