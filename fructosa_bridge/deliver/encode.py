"""Batches in the two protocols of carbon's receivers: pickle and plaintext.

Source: https://graphite.readthedocs.io/en/stable/feeding-carbon.html
"""

import struct
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain, islice, repeat
from pickle import Pickler

from orjson import dumps

from ..model.points import Batch
from ..translate import fast

# carbon closes the connection at a frame of more than 1 MiB (PICKLE_RECEIVER_MAX_LENGTH). A path
# may have 4 KiB, usual ones have 60 bytes: this many points stay below it even if all are long.
_POINTS_PER_FRAME = 240


def pickle_frames(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Yield the frames of each batch for carbon's pickle receiver.

    A frame is a length of 4 bytes and a pickled list of points.
    """
    for batch in batches:
        if len(batch):
            yield _fast_frames(batch) or b"".join(_frames(batch))


def _fast_frames(batch: Batch) -> bytes | None:
    points = batch.points
    if fast.frames is None:
        return None
    around = points.before, points.paths.each, points.after
    return fast.frames(*around, batch.time_s, points.values.tobytes())


def _frames(batch: Batch) -> Iterator[bytes]:
    points = _points(batch)
    while some := list(islice(points, _POINTS_PER_FRAME)):
        frame = _pickled(some)
        yield struct.pack("!L", len(frame)) + frame


def _points(batch: Batch) -> Iterator[tuple[str, tuple[int, float]]]:
    points = batch.points
    return zip(points.whole_paths(), zip(repeat(batch.time_s), points.values), strict=False)


def _pickled(points: list[tuple[str, tuple[int, float]]]) -> bytes:
    buffer = BytesIO()
    pickler = Pickler(buffer, protocol=2)
    pickler.fast = True  # no object is repeated: checking that would cost a third more
    pickler.dump(points)
    return buffer.getvalue()


def plaintext_lines(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Yield the lines of each batch for carbon's plaintext receiver: path, value, time."""
    for batch in batches:
        if len(batch):
            yield _lines(batch).encode()


def _lines(batch: Batch) -> str:
    points = batch.points
    numbers = dumps(points.values.tolist())[1:-1].decode().split(",")
    ends = repeat(f" {batch.time_s}\n")
    return "".join(
        chain.from_iterable(zip(points.whole_paths(), repeat(" "), numbers, ends, strict=False))
    )
