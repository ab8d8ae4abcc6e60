"""The undamaged pieces of a segment, and the batches in them."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..model.points import Batch, Paths
from .records import PATHS, VALUES, Position, Range, Read, Record, RecordFormat, batch_of, paths_of


class Piece(NamedTuple):
    """Records one after the other: their part of the queue, and where they are in the file."""

    start: Position
    end: Position
    at: int

    @property
    def stop(self) -> int:
        """Where it ends in the file."""
        return self.at_offset(self.end.offset)

    def holds(self, offset: int) -> bool:
        """Return whether an *offset* of the queue is in it."""
        return self.start.offset <= offset < self.end.offset

    def at_offset(self, offset: int) -> int:
        """Return where an *offset* of the queue is in the file."""
        return self.at + offset - self.start.offset


class Damaged(Exception):
    """A record that should be there is not."""


def pieces(form: RecordFormat, read: Read, size: int, points: int) -> list[Piece]:
    """Return the pieces of a file of that *size*, in the order of the queue.

    *points* is the number of points before the file, which counts if its format does not say it.
    """
    found: list[Piece] = []
    at = form.header_bytes
    while at < size:
        record = form.record(read, at, size)
        if record is None:
            at = form.find(read, at + 1, size)
            continue
        start, end = _around(record, points)
        points, last = end.points, found[-1] if found else None
        if last and last.end == start and last.at_offset(start.offset) == at:
            found[-1] = last._replace(end=end)
        else:
            found.append(Piece(start, end, at))
        at += record.size
    return sorted(found)


def _around(record: Record, points: int) -> Range:
    """Return the part of the queue that a record is; *points* come before it if it is silent."""
    start = Position(record.offset, points if record.points is None else record.points)
    return start, Position(start.offset + record.size, start.points + record.own_points)


def batches(
    form: RecordFormat,
    read: Read,
    known: Sequence[Piece],
    start: Position,
    until: Position,
    *,
    skips: bool,
) -> Iterator[tuple[Batch, Range]]:
    """Yield the batches from *start* on, with the part of the queue that each of them is.

    Raises: Damaged at a damaged record, unless *skips* is set.
    """
    paths_at = _paths_reader(form, read, known)
    for piece in known:
        at = piece.at_offset(max(start.offset, piece.start.offset))
        stop = piece.at_offset(min(until.offset, piece.end.offset))
        points = max(start, piece.start).points
        while at < stop:
            record = form.record(read, at, stop)
            batch = None
            if record is not None and piece.at_offset(record.offset) == at:
                begin, end = _around(record, points)
                at, points = at + record.size, end.points
                if record.kind != VALUES or begin.offset < start.offset:
                    continue
                start, batch = end, batch_of(record.content, paths_at)
            if batch is not None:
                yield batch, (begin, end)
            elif not skips:
                raise Damaged
            elif record is None:
                at = form.find(read, at + 1, stop)


def _paths_reader(
    form: RecordFormat, read: Read, known: Sequence[Piece]
) -> Callable[[int], Paths | None]:
    """Return a function that reads the paths at an offset: None if they are damaged."""
    found: dict[int, Paths | None] = {}

    def paths_at(offset: int) -> Paths | None:
        if offset not in found:
            found[offset] = _paths(form, read, known, form.paths_base + offset)
        return found[offset]

    return paths_at


def _paths(form: RecordFormat, read: Read, known: Sequence[Piece], offset: int) -> Paths | None:
    for piece in known:
        if piece.holds(offset):
            record = form.record(read, piece.at_offset(offset), piece.stop)
            if record is not None and (record.kind, record.offset) == (PATHS, offset):
                return paths_of(record.content)
    return None
