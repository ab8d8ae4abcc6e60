"""One file of the queue, also if it is damaged."""

import pytest

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.records import Position
from fructosa_bridge.queue.segment_file import DAMAGED, SegmentFile, file_name

from .encoded import END, HEADER_BYTES, MARK, encoded

BATCHES = [Batch(number, 10, [("a", number)]) for number in range(5)]
START = Position(5000, 70)
NAME = file_name(START, MARK)


@pytest.fixture
def segment(tmp_path):
    """A function that writes a segment, changed, and returns its path."""

    def write(change, name=NAME):
        data, ends = encoded(BATCHES, START)
        changed = bytearray(data)
        change(changed, ends)
        path = tmp_path / name
        path.write_bytes(changed)
        return path

    return write


def _zeros(data, start, end):
    data[start:end] = bytes(end - start)


def times(file):
    """Return the times of the batches in a file."""
    return [batch.time_s for batch, _ in file.read(START, END, 1000)]


@pytest.mark.parametrize("upto", [1, HEADER_BYTES])
def test_a_damaged_header_costs_nothing(segment, upto):
    """Where the segment starts is in its records too."""
    file = SegmentFile.found(segment(lambda data, _: _zeros(data, 0, upto), "other.segment"))

    assert (START, True, [0, 1, 2, 3, 4]) == (file.start, file.is_damaged, times(file))


def test_of_a_damaged_start_the_name_has_the_mark(segment, caplog):
    """What was in it is known by the numbers of the rest, except paths."""
    path = segment(lambda data, ends: _zeros(data, 0, ends[0]))

    file = SegmentFile.found(path)

    assert 71 == file.start.points
    assert [] == times(file)  # their paths were in the first record
    assert [DAMAGED % (path, len(encoded(BATCHES[:1])[0]) - HEADER_BYTES)] == caplog.messages


@pytest.mark.parametrize(
    "change",
    [
        lambda data, _: data.clear(),
        lambda data, _: data.__delitem__(slice(HEADER_BYTES - 1, None)),
        lambda data, _: _zeros(data, 0, len(data)),
    ],
)
def test_a_file_without_a_record_is_none(segment, change):
    """It may be empty, or all zeros."""
    assert SegmentFile.found(segment(change)) is None


def test_damage_is_found_when_it_is_read(segment, caplog):
    """It is logged once, and costs its own batch."""
    file = SegmentFile.found(segment(lambda data, ends: _zeros(data, ends[1], ends[1] + 1)))

    assert ([0, 1], [0, 1, 3, 4]) == (times(file), times(file))
    assert 1 == len(caplog.messages)


def test_the_end_is_that_of_the_last_undamaged_record(segment):
    """What is behind it is torn."""
    file = SegmentFile.found(segment(lambda data, ends: data.__delitem__(slice(-3, None))))

    torn = file.find_end()

    assert (74, True) == (file.end.points, file.is_damaged)
    assert torn == len(encoded(BATCHES)[0]) - encoded(BATCHES)[1][3] - 3
