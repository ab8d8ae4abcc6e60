"""What carbon is sent."""

import pickle
import struct

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver.encode import pickle_frames, plaintext_lines
from fructosa_bridge.model.points import Batch

finite = st.floats(allow_nan=False, allow_infinity=False)
paths = st.from_regex(r"[a-z0-9_:#.-]{1,20}", fullmatch=True)
batches = st.lists(
    st.builds(Batch, st.integers(0, 2**31), st.just(10), st.lists(st.tuples(paths, finite)))
)


def unpickled(frames):
    """Return the points of frames, read as carbon reads them."""
    found = []
    for frame in single(frames):
        found += pickle.loads(frame[4:])  # noqa: S301 - our own
    return found


def single(chunks):
    """Yield the frames in *chunks*, which hold some each, and no part of one."""
    for chunk in chunks:
        rest = chunk
        while rest:
            (length,) = struct.unpack("!L", rest[:4])
            assert length <= len(rest) - 4
            yield rest[: length + 4]
            rest = rest[length + 4 :]


def said(batches):
    """Return the points of batches: path, time, value."""
    return [(path, batch.time_s, value) for batch in batches for path, value in batch.points]


@given(batches)
def test_pickle_frames_hold_all_points(batches):
    """Each a path, and a pair of time and value."""
    found = [(path, time, value) for path, (time, value) in unpickled(pickle_frames(batches))]

    assert said(batches) == found


@given(batches)
def test_lines_hold_all_points(batches):
    """A line a point: path, value, time; a value loses nothing on the way."""
    text = b"".join(plaintext_lines(batches)).decode()
    fields = [line.split(" ") for line in text.splitlines()]

    assert said(batches) == [(path, int(time), float(value)) for path, value, time in fields]


def test_a_frame_stays_below_the_size_that_carbon_accepts():
    """Also if every path is as long as a path can be."""
    batch = Batch(1_700_000_000, 10, [(f"{n:0>4090}", float(n)) for n in range(2000)])

    frames = list(pickle_frames([batch]))

    assert max(map(len, single(frames))) <= 2**20
    assert len(unpickled(frames)) == 2000
