"""Batches in the protocols of carbon."""

import pickle
import string
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver import encode
from fructosa_bridge.deliver.encode import pickle_frames, plaintext_lines
from fructosa_bridge.model.points import Batch

finite = st.floats(allow_nan=False, allow_infinity=False)
paths = st.text(string.ascii_lowercase + string.digits + "_:#.-", min_size=1, max_size=20)
batches = st.lists(
    st.builds(Batch, st.integers(0, 2**31), st.just(10), st.lists(st.tuples(paths, finite)))
)


def python_frames(batches):
    """Yield the frames that Python encodes where the part in C is not built."""
    return (b"".join(encode._frames(batch)) for batch in batches)


every_way = pytest.mark.parametrize("frames", [pickle_frames, python_frames])


def single_frames(chunks):
    """Yield the frames in *chunks*; each chunk has whole frames."""
    for chunk in chunks:
        rest = chunk
        while rest:
            (length,) = struct.unpack("!L", rest[:4])
            assert length <= len(rest) - 4
            yield rest[: length + 4]
            rest = rest[length + 4 :]


def unpickled(chunks):
    """Return the points in *chunks* of frames as carbon reads them: path, time, value."""
    points = []
    for frame in single_frames(chunks):
        points += pickle.loads(frame[4:])  # noqa: S301 - our own
    return [(path, time_s, value) for path, (time_s, value) in points]


def points_of(batches):
    """Return the points of *batches*: path, time, value."""
    return [(path, batch.time_s, value) for batch in batches for path, value in batch.points]


@every_way
@given(batches=batches)
def test_pickle_frames_contain_all_points(frames, batches):
    """A frame is a list of pairs: path, and a pair of time and value."""
    assert points_of(batches) == unpickled(frames(batches))


@every_way
def test_a_frame_is_smaller_than_the_limit_of_carbon(frames):
    """Also if every path is as long as a path can be: carbon refuses frames of over 1 MiB."""
    batch = Batch(1_700_000_000, 10, [(f"{n:0>4090}", float(n)) for n in range(2000)])

    chunks = list(frames([batch]))

    assert max(map(len, single_frames(chunks))) <= 2**20
    assert points_of([batch]) == unpickled(chunks)


@given(batches)
def test_plaintext_lines_contain_all_points(batches):
    """A line has path, value and time; the value is exact."""
    text = b"".join(plaintext_lines(batches)).decode()
    fields = [line.split(" ") for line in text.splitlines()]

    assert points_of(batches) == [(path, int(time), float(value)) for path, value, time in fields]


def test_a_batch_without_points_is_not_sent():
    """A frame of no points would be useless work for carbon."""
    assert [] == list(pickle_frames([Batch(1, 10)]))
    assert [] == list(plaintext_lines([Batch(1, 10)]))
