"""Segments as bytes."""

from fructosa_bridge.queue import pieces as queue_pieces
from fructosa_bridge.queue.records import (
    HEADER_BYTES,
    MarkedFormat,
    Position,
    RecordEncoder,
    header,
)

MARK = b"\xfemarkmar"
FORM = MarkedFormat(MARK)
END = Position(2**62, 2**62)


BEGIN = Position(0, 0)


def encoded(batches, start=BEGIN):
    """Return *batches* as the bytes of a segment, and where each of them ends."""
    encoder, data, ends, points = RecordEncoder(MARK), header(start, MARK), [], start.points
    for batch in batches:
        data += encoder.encode(batch, Position(start.offset + len(data), points))
        points += len(batch)
        ends.append(len(data))
    return data, ends


def reader(data):
    """Return a function that reads *data* like a file."""
    return lambda at, size: data[at : at + size]


def decoded(data, form=FORM, points=0):
    """Return the batches in *data* with their ranges, and skip what is damaged."""
    read = reader(data)
    known = queue_pieces.pieces(form, read, len(data), points)
    return list(queue_pieces.batches(form, read, known, Position(0, points), END, skips=True))


def batches_of(data):
    """Return the batches in *data*."""
    return [batch for batch, _ in decoded(data)]


__all__ = ["END", "FORM", "HEADER_BYTES", "MARK", "batches_of", "decoded", "encoded", "reader"]
