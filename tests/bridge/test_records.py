"""Batches as the bytes of a segment."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model import Batch
from fructosa_bridge.records import Encoder, Place, batches, header, start_of, whole

PATHS = st.text(st.characters(exclude_characters="\n"), max_size=12)
POINTS = st.lists(st.tuples(PATHS, st.floats(allow_nan=False)), max_size=6)
BATCHES = st.builds(Batch, st.integers(-(2**62), 2**62), st.integers(1, 86400), POINTS)


def encoded(found):
    """Return *found* as a segment would hold them, and where each ends."""
    encoder, data, ends = Encoder(), b"", []
    for batch in found:
        data += encoder.encode(batch, len(data))
        ends.append(len(data))
    return data, ends


def decoded(data):
    """Return the batches of *data*."""
    return [batch for batch, _ in batches(reader(data), 0, len(data))]


def reader(data):
    """Return a function that reads *data* as a file is read."""
    return lambda at, size: data[at : at + size]


@given(st.lists(BATCHES, max_size=8))
def test_what_was_written_comes_back(found):
    """In its order, to the last digit."""
    data, ends = encoded(found)

    assert found == decoded(data)
    assert ends == [end for _, end in batches(reader(data), 0, len(data))]
    assert (len(data), sum(map(len, found))) == whole(reader(data), 0, len(data))


@given(st.lists(BATCHES, min_size=1, max_size=5), st.data())
def test_of_any_prefix_the_whole_batches_come_back_and_nothing_else(found, data):
    """A power cut may leave any of them."""
    segment, ends = encoded(found)
    kept = data.draw(st.integers(0, len(segment)))

    assert [b for b, end in zip(found, ends, strict=True) if end <= kept] == decoded(segment[:kept])


@given(st.lists(BATCHES, min_size=1, max_size=5), st.data())
def test_a_changed_byte_never_gives_a_batch_that_was_not_written(found, data):
    """Those before it come back; the damaged one does not."""
    segment, ends = encoded(found)
    at = data.draw(st.integers(0, len(segment) - 1))
    damaged = bytearray(segment)
    damaged[at] ^= data.draw(st.integers(1, 255))

    came = decoded(bytes(damaged))

    assert found[: len(came)] == came
    assert sum(end <= at for end in ends) == len(came)


@given(st.binary(max_size=200))
def test_what_is_no_segment_gives_nothing(data):
    """Whatever somebody left there: no checksum fits by chance."""
    assert [] == decoded(data)
    assert start_of(data) is None


def test_paths_stand_once():
    """A node says the same at every scrape: 8 bytes a value are added, not the paths."""
    points = [(f"cluster.node001.metric{number}", 1.0) for number in range(100)]

    once, _ = encoded([Batch(1, 10, points)])
    twice, _ = encoded([Batch(1, 10, points), Batch(11, 10, points)])

    assert len(once) > 2000
    assert len(twice) - len(once) < 850


def test_a_size_of_gigabytes_asks_for_none_of_them():
    """It is looked at before anything is read."""
    asked = []

    def read(at, size):
        asked.append(size)
        return struct.pack("<IIc", 2**32 - 1, 0, b"V")[at : at + size]

    assert [] == list(batches(read, 0, 9))
    assert asked == [9]


def test_a_segment_says_where_it_begins():
    """With a checksum of its own."""
    head = header(Place(12, 34))

    assert Place(12, 34) == start_of(head)
    assert start_of(head[:-1] + bytes([head[-1] ^ 1])) is None
    assert start_of(b"") is None
