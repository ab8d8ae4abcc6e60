"""Batches as the records of a segment."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.queue.records import Position, RecordEncoder, header, start_of, whole
from fructosa_bridge.queue.records import batches as read_batches

PATHS = st.text(st.characters(exclude_characters="\n"), max_size=12)
POINTS = st.lists(st.tuples(PATHS, st.floats(allow_nan=False)), max_size=6)
BATCHES = st.builds(Batch, st.integers(-(2**62), 2**62), st.integers(1, 86400), POINTS)


def encoded(batches):
    """Return *batches* as the bytes of a segment, and where each of them ends."""
    encoder, data, ends = RecordEncoder(), b"", []
    for batch in batches:
        data += encoder.encode(batch, len(data))
        ends.append(len(data))
    return data, ends


def decoded(data):
    """Return the batches in *data*."""
    return [batch for batch, _ in read_batches(reader(data), 0, len(data))]


def reader(data):
    """Return a function that reads *data* like a file."""
    return lambda at, size: data[at : at + size]


@given(st.lists(BATCHES, max_size=8))
def test_decoded_batches_are_those_that_were_encoded(batches):
    """They keep their order; values are exact."""
    data, ends = encoded(batches)

    assert batches == decoded(data)
    assert ends == [end for _, end in read_batches(reader(data), 0, len(data))]
    assert (len(data), sum(map(len, batches))) == whole(reader(data), 0, len(data))


@given(st.lists(BATCHES, min_size=1, max_size=5), st.data())
def test_of_a_truncated_segment_all_complete_batches_are_decoded(batches, data):
    """A power failure may truncate it anywhere."""
    segment, ends = encoded(batches)
    size = data.draw(st.integers(0, len(segment)))

    complete = [batch for batch, end in zip(batches, ends, strict=True) if end <= size]
    assert complete == decoded(segment[:size])


@given(st.lists(BATCHES, min_size=1, max_size=5), st.data())
def test_a_damaged_byte_never_gives_a_wrong_batch(batches, data):
    """The batches before it are decoded; the damaged one is not."""
    segment, ends = encoded(batches)
    at = data.draw(st.integers(0, len(segment) - 1))
    damaged = bytearray(segment)
    damaged[at] ^= data.draw(st.integers(1, 255))

    result = decoded(bytes(damaged))

    assert batches[: len(result)] == result
    assert sum(end <= at for end in ends) == len(result)


@given(st.binary(max_size=200))
def test_of_other_bytes_nothing_is_decoded(data):
    """No checksum fits by chance."""
    assert [] == decoded(data)
    assert start_of(data) is None


def test_paths_are_written_once_per_segment():
    """A node has the same paths at every scrape: only 8 bytes a value are added."""
    points = [(f"cluster.node001.metric{number}", 1.0) for number in range(100)]

    once, _ = encoded([Batch(1, 10, points)])
    twice, _ = encoded([Batch(1, 10, points), Batch(11, 10, points)])

    assert len(once) > 2000
    assert len(twice) - len(once) < 850


def test_a_damaged_size_does_not_read_gigabytes():
    """It is checked before the content is read."""
    sizes = []

    def read(at, size):
        sizes.append(size)
        return struct.pack("<IIc", 2**32 - 1, 0, b"V")[at : at + size]

    assert [] == list(read_batches(read, 0, 9))
    assert sizes == [9]


def test_the_header_of_a_segment_has_its_start():
    """It has a checksum of its own."""
    head = header(Position(12, 34))

    assert Position(12, 34) == start_of(head)
    assert start_of(head[:-1] + bytes([head[-1] ^ 1])) is None
    assert start_of(b"") is None


def node_batch(before, paths, time_s=1, after=""):
    """Return a batch of a node; *paths* may be shared with other nodes."""
    return Batch(time_s, 10, Points(before, paths, after, range(len(paths.each))))


AROUND = st.text(max_size=5)


@given(st.lists(st.tuples(AROUND, st.lists(PATHS, min_size=1, max_size=4), AROUND), max_size=6))
def test_the_text_around_the_paths_is_decoded(pages):
    """Whether paths are shared or not; a path may be empty, or invalid UTF-8."""
    batches = [node_batch(before, Paths(tuple(names)), 1, after) for before, names, after in pages]

    assert batches == decoded(encoded(batches)[0])


def test_nodes_with_equal_paths_share_them_in_a_segment():
    """Also if the paths were freed in the meantime and created again."""
    names = tuple(f"metric{number}" for number in range(100))
    batches = [node_batch(f"cluster.n{number}.", Paths(names)) for number in range(50)]

    data, _ = encoded(batches)

    assert 1 == data.count(b"metric99")
    assert batches == decoded(data)
    first, *others = [batch.points.paths for batch in decoded(data)]
    assert all(paths is first for paths in others)


def test_a_batch_without_points_is_decoded():
    """It has an empty record."""
    batches = [Batch(1, 10), Batch(2, 10, [("a", 1.0)])]

    assert batches == decoded(encoded(batches)[0])


def record(kind, content):
    """Return a record with a valid checksum, whatever its content is."""
    return struct.pack("<IIc", len(content), zlib.crc32(content, zlib.crc32(kind)), kind) + content


def values_record(offset, before=0, after=0, rest=b""):
    """Return a record of values that refers to the paths at an *offset*."""
    return record(b"V", struct.pack("<qqQHH", 1, 10, offset, before, after) + rest)


@pytest.mark.parametrize(
    "inconsistent",
    [
        record(b"V", b""),
        record(b"V", b"short"),
        values_record(0, rest=bytes(8) * 3),  # more values than paths
        values_record(0, rest=bytes(8)),  # fewer values than paths
        values_record(0, rest=bytes(13)),  # half a value
        values_record(5, rest=bytes(16)),  # not the start of a record
        values_record(2**64 - 1, rest=bytes(16)),
        values_record(0, before=2**16 - 1, after=2**16 - 1, rest=bytes(16)),
    ],
)
def test_an_inconsistent_record_with_a_valid_checksum_is_not_decoded(inconsistent):
    """The batches before it are decoded; no error is raised."""
    data, _ = encoded([Batch(1, 10, [("a", 1.0), ("b", 2.0)])])

    assert 1 == len(decoded(data + inconsistent))
    end, points = whole(reader(data + inconsistent), 0, len(data + inconsistent))
    assert (len(data + inconsistent), True) == (end, points >= 2)


def test_values_that_refer_to_values_instead_of_paths_are_not_decoded():
    """The offset must be that of a record of paths."""
    data, ends = encoded([Batch(1, 10, [("a", 1.0)])] * 2)

    assert [] == decoded(data[: ends[0]] + values_record(ends[0], rest=bytes(8)))[1:]
