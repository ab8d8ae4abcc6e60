"""Batches into the two languages of carbon's receivers.

Source: https://graphite.readthedocs.io/en/stable/feeding-carbon.html
"""

import pickle
import struct
from collections.abc import Iterable, Iterator
from itertools import islice

from .model import Batch

# carbon cuts the connection at a frame of over 1 MiB (PICKLE_RECEIVER_MAX_LENGTH). A path may
# be 4 KiB long, usual ones are 60 bytes: so many points stay below it even if all are long.
_POINTS_A_FRAME = 240


def pickle_frames(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Yield frames for carbon's pickle receiver: a length of 4 bytes, and a list of points."""
    points = ((path, (batch.time_s, value)) for batch in batches for path, value in batch.points)
    while taken := list(islice(points, _POINTS_A_FRAME)):
        frame = pickle.dumps(taken, protocol=2)
        yield struct.pack("!L", len(frame)) + frame


def lines(batches: Iterable[Batch]) -> Iterator[bytes]:
    """Yield the lines of each batch for carbon's plaintext receiver: path, value, time."""
    for batch in batches:
        text = "".join(f"{path} {value!r} {batch.time_s}\n" for path, value in batch.points)
        yield text.encode()
