"""Batches as the bytes of a segment."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.queue.records import Position, RecordEncoder, batches, header, start_of, whole

PATHS = st.text(st.characters(exclude_characters="\n"), max_size=12)
POINTS = st.lists(st.tuples(PATHS, st.floats(allow_nan=False)), max_size=6)
BATCHES = st.builds(Batch, st.integers(-(2**62), 2**62), st.integers(1, 86400), POINTS)


def encoded(found):
    """Return *found* as a segment would hold them, and where each ends."""
    encoder, data, ends = RecordEncoder(), b"", []
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
    head = header(Position(12, 34))

    assert Position(12, 34) == start_of(head)
    assert start_of(head[:-1] + bytes([head[-1] ^ 1])) is None
    assert start_of(b"") is None


def node_batch(before, paths, time_s=1, after=""):
    """Return a batch of a node, whose paths may be shared."""
    return Batch(time_s, 10, Points(before, paths, after, range(len(paths.each))))


AROUND = st.text(max_size=5)


@given(st.lists(st.tuples(AROUND, st.lists(PATHS, min_size=1, max_size=4), AROUND), max_size=6))
def test_what_stands_around_the_paths_comes_back(pages):
    """Whoever shares them: a path may be empty, and no UTF-8."""
    found = [node_batch(before, Paths(tuple(each)), 1, after) for before, each, after in pages]

    assert found == decoded(encoded(found)[0])


def test_paths_stand_once_for_all_nodes():
    """Also when they were forgotten meanwhile, and made again."""
    each = tuple(f"metric{number}" for number in range(100))
    found = [node_batch(f"cluster.n{number}.", Paths(each)) for number in range(50)]

    data, _ = encoded(found)

    assert 1 == data.count(b"metric99")
    assert found == decoded(data)
    (first, *others) = [batch.points.paths for batch in decoded(data)]
    assert all(paths is first for paths in others)


def test_a_batch_without_points_comes_back():
    """Nothing is a length too."""
    found = [Batch(1, 10), Batch(2, 10, [("a", 1.0)])]

    assert found == decoded(encoded(found)[0])


def record(kind, content):
    """Return a record that is whole, whatever is in it."""
    return struct.pack("<IIc", len(content), zlib.crc32(content, zlib.crc32(kind)), kind) + content


def values_record(place, before=0, after=0, rest=b""):
    """Return a record of values that says where its paths stand."""
    return record(b"V", struct.pack("<qqQHH", 1, 10, place, before, after) + rest)


@pytest.mark.parametrize(
    "odd",
    [
        record(b"V", b""),
        record(b"V", b"short"),
        values_record(0, rest=bytes(8) * 3),  # more values than paths
        values_record(0, rest=bytes(8)),  # fewer
        values_record(0, rest=bytes(13)),  # half a value
        values_record(5, rest=bytes(16)),  # amid a record
        values_record(2**64 - 1, rest=bytes(16)),
        values_record(0, before=2**16 - 1, after=2**16 - 1, rest=bytes(16)),
    ],
)
def test_a_whole_record_that_makes_no_sense_gives_nothing(odd):
    """What stands before it comes back; nothing else, and no error, comes of it."""
    data, _ = encoded([Batch(1, 10, [("a", 1.0), ("b", 2.0)])])

    assert 1 == len(decoded(data + odd))
    end, points = whole(reader(data + odd), 0, len(data + odd))
    assert (len(data + odd), True) == (end, points >= 2)


def test_values_that_name_other_values_as_their_paths_give_nothing():
    """A place holds paths, or it is damage."""
    data, ends = encoded([Batch(1, 10, [("a", 1.0)])] * 2)

    assert [] == decoded(data[: ends[0]] + values_record(ends[0], rest=bytes(8)))[1:]
