"""Batches as the records of a segment."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.points import Batch, Paths, Points
from fructosa_bridge.queue.records import Position, header, header_of

from .encoded import FORM, HEADER_BYTES, MARK, batches_of, decoded, encoded, reader

PATHS = st.text(st.characters(exclude_characters="\n"), max_size=12)
POINTS = st.lists(st.tuples(PATHS, st.floats(allow_nan=False)), max_size=6)
BATCHES = st.builds(Batch, st.integers(-(2**62), 2**62), st.integers(1, 86400), POINTS)


@given(st.lists(BATCHES, max_size=8))
def test_decoded_batches_are_those_that_were_encoded(batches):
    """They keep their order; values are exact."""
    data, ends = encoded(batches)

    found = decoded(data)
    assert batches == [batch for batch, _ in found]
    assert ends == [end.offset for _, (_, end) in found]
    assert sum(map(len, batches)) == (found[-1][1][1].points if found else 0)


@given(st.lists(BATCHES, min_size=1, max_size=5), st.data())
def test_of_a_truncated_segment_all_complete_batches_are_decoded(batches, data):
    """A power failure may truncate it anywhere."""
    segment, ends = encoded(batches)
    size = data.draw(st.integers(0, len(segment)))

    complete = [batch for batch, end in zip(batches, ends, strict=True) if end <= size]
    assert complete == batches_of(segment[:size])


@given(st.lists(BATCHES, min_size=1, max_size=5), st.data())
def test_a_damaged_byte_never_gives_a_wrong_batch(batches, data):
    """It costs what it is in, or the batches whose paths it is in; the others are decoded."""
    segment, ends = encoded(batches)
    at = data.draw(st.integers(HEADER_BYTES, len(segment) - 1))
    damaged = bytearray(segment)
    damaged[at] ^= data.draw(st.integers(1, 255))

    result = decoded(bytes(damaged))

    expected = dict(zip(ends, batches, strict=True))
    assert all(expected[end.offset] == batch for batch, (_, end) in result)
    assert len(result) >= sum(end <= at for end in ends)


@given(st.binary(max_size=200))
def test_of_other_bytes_nothing_is_decoded(data):
    """No checksum fits by chance."""
    assert [] == decoded(data)
    assert header_of(data) is None


def test_paths_are_written_once_per_segment():
    """A node has the same paths at every scrape: only 8 bytes a value are added."""
    points = [(f"cluster.node001.metric{number}", 1.0) for number in range(100)]

    once, _ = encoded([Batch(1, 10, points)])
    twice, _ = encoded([Batch(1, 10, points), Batch(11, 10, points)])

    assert len(once) > 2000
    assert len(twice) - len(once) < 880


def record(kind, content, offset=0, points=0, size=None):
    """Return a record with valid checksums, whatever its content is."""
    size = len(content) if size is None else size
    head = struct.pack("<8sQQcII", MARK, offset, points, kind, size, zlib.crc32(content))
    return head + struct.pack("<I", zlib.crc32(head)) + content


def test_a_damaged_size_does_not_read_gigabytes():
    """It is checked before the content is read."""
    sizes, data = [], record(b"V", b"", size=2**32 - 1)

    def read(at, size):
        sizes.append(size)
        return data[at : at + size]

    assert FORM.record(read, 0, len(data)) is None
    assert sizes == [len(data)]


def test_the_header_of_a_segment_has_its_start_and_its_mark():
    """It has a checksum of its own."""
    head = header(Position(12, 34), MARK)

    assert (Position(12, 34), MARK) == header_of(head)
    assert header_of(head[:-1] + bytes([head[-1] ^ 1])) is None
    assert header_of(b"") is None


def test_the_next_record_is_found_behind_damaged_bytes():
    """Also if they are more than are searched at a time, and the mark is split by that."""
    for gap in (0, 1, 2**20 - 4, 2**20 + 5):
        data = bytes(gap) + record(b"V", b"")

        assert gap == FORM.find(reader(data), 0, len(data))
    assert 100 == FORM.find(reader(bytes(100)), 0, 100)


def node_batch(before, paths, time_s=1, after=""):
    """Return a batch of a node; *paths* may be shared with other nodes."""
    return Batch(time_s, 10, Points(before, paths, after, range(len(paths.each))))


AROUND = st.text(max_size=5)


@given(st.lists(st.tuples(AROUND, st.lists(PATHS, min_size=1, max_size=4), AROUND), max_size=6))
def test_the_text_around_the_paths_is_decoded(pages):
    """Whether paths are shared or not; a path may be empty, or invalid UTF-8."""
    batches = [node_batch(before, Paths(tuple(names)), 1, after) for before, names, after in pages]

    assert batches == batches_of(encoded(batches)[0])


def test_nodes_with_equal_paths_share_them_in_a_segment():
    """Also if the paths were freed in the meantime and created again."""
    names = tuple(f"metric{number}" for number in range(100))
    batches = [node_batch(f"cluster.n{number}.", Paths(names)) for number in range(50)]

    data, _ = encoded(batches)

    assert 1 == data.count(b"metric99")
    assert batches == batches_of(data)
    first, *others = [batch.points.paths for batch in batches_of(data)]
    assert all(paths is first for paths in others)


def test_a_batch_without_points_is_decoded():
    """It has an empty record."""
    batches = [Batch(1, 10), Batch(2, 10, [("a", 1.0)])]

    assert batches == batches_of(encoded(batches)[0])


def values(offset, before=0, after=0, rest=b""):
    """Return the content of a record of values that refers to the paths at an *offset*."""
    return struct.pack("<qqQHH", 1, 10, offset, before, after) + rest


@pytest.mark.parametrize(
    "inconsistent",
    [
        b"",
        b"short",
        values(HEADER_BYTES, rest=bytes(8) * 3),  # more values than paths
        values(HEADER_BYTES, rest=bytes(8)),  # fewer values than paths
        values(HEADER_BYTES, rest=bytes(13)),  # half a value
        values(HEADER_BYTES, 1, 0, b"\xff" + bytes(16)),  # no text
        values(HEADER_BYTES + 5, rest=bytes(16)),  # not the start of a record
        values(2**64 - 1, rest=bytes(16)),
        values(HEADER_BYTES, before=2**16 - 1, after=2**16 - 1, rest=bytes(16)),
    ],
)
def test_an_inconsistent_record_with_a_valid_checksum_is_left_out(inconsistent):
    """The batches around it are decoded; no error is raised."""
    batch = Batch(1, 10, [("a", 1.0), ("b", 2.0)])
    data, _ = encoded([batch])
    data += record(b"V", inconsistent, len(data), 2)
    data += record(b"V", values(HEADER_BYTES, rest=batch.points.values.tobytes()), len(data), 9)

    found = decoded(data)

    assert [batch, batch] == [batch for batch, _ in found]
    assert [0, 9] == [start.points for _, (start, _) in found]


def test_values_that_refer_to_values_instead_of_paths_are_not_decoded():
    """The offset must be that of a record of paths."""
    data, ends = encoded([Batch(1, 10, [("a", 1.0)])] * 2)

    assert 2 == len(decoded(data + record(b"V", values(ends[0], rest=bytes(8)), len(data), 2)))


def test_paths_that_are_no_text_cost_what_refers_to_them():
    """No error is raised."""
    data = header(Position(0, 0), MARK) + record(b"P", b"\xff", HEADER_BYTES)

    assert [] == decoded(data + record(b"V", values(HEADER_BYTES, rest=bytes(8)), len(data)))
