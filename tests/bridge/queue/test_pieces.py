"""What is read of a segment that is damaged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.pieces import Damaged, batches, pieces
from fructosa_bridge.queue.records import Position

from .encoded import END, FORM, decoded, encoded, reader

BATCHES = [Batch(number, 10, [("a", number), ("b", 0.5)]) for number in range(8)]
SEGMENT, ENDS = encoded(BATCHES, Position(5000, 70))
BEHIND_PATHS = ENDS[0]
CUTS = st.lists(st.integers(BEHIND_PATHS, len(SEGMENT)), min_size=3, max_size=3).map(sorted)


def _swap(first, second, third):
    return SEGMENT[:first] + SEGMENT[second:third] + SEGMENT[first:second] + SEGMENT[third:]


def _repeat(first, second, third):
    return SEGMENT[:third] + SEGMENT[first:second] + SEGMENT[third:]


def _insert(first, second, third):
    return SEGMENT[:first] + (bytes(range(256)) * 9)[: third - second] + SEGMENT[first:]


def _cut(first, second, _):
    return SEGMENT[:first] + SEGMENT[second:]


def _zero(first, second, _):
    return SEGMENT[:first] + bytes(second - first) + SEGMENT[second:]


def untouched(*cuts):
    """Return the batches whose records no cut goes through."""
    ends = [0, *ENDS]
    spans = zip(ends, ends[1:], BATCHES, strict=False)
    return [batch for start, end, batch in spans if not any(start < cut < end for cut in cuts)]


@pytest.mark.parametrize("change", [_swap, _repeat, _insert])
@given(cuts=CUTS)
def test_records_are_read_wherever_they_are_in_the_file(change, cuts):
    """In their order, each once; only what a cut goes through may be lost."""
    found = [batch for batch, _ in decoded(change(*cuts))]

    assert found == [batch for batch in BATCHES if batch in found]
    assert all(batch in found for batch in untouched(*cuts))


@pytest.mark.parametrize("change", [_cut, _zero])
@given(cuts=CUTS)
def test_what_is_lost_shows_in_the_numbers_of_the_rest(change, cuts):
    """The records behind it say how many points came before them."""
    found = decoded(change(*cuts))

    for batch, (start, end) in found:
        assert start.points == 70 + 2 * batch.time_s
        assert end.points == start.points + 2
    inside = [end for end in ENDS if cuts[0] < end < cuts[1]]
    assert len(found) in (len(BATCHES) - len(inside), len(BATCHES) - len(inside) - 1)


def test_at_first_damage_is_reported():
    """Then the segment is searched."""
    data = _zero(ENDS[2] + 1, ENDS[2] + 2, 0)
    read = reader(data)
    known = pieces(FORM, reader(SEGMENT), len(SEGMENT), 0)

    with pytest.raises(Damaged):
        list(batches(FORM, read, known, Position(0, 0), END, skips=False))


def test_a_segment_full_of_marks_is_searched_in_one_pass():
    """A damaged disk may repeat anything: the bytes that are read stay in proportion."""
    data = SEGMENT + SEGMENT[BEHIND_PATHS : BEHIND_PATHS + 8] * 5000
    sizes = []

    def read(at, size):
        sizes.append(len(data[at : at + size]))
        return data[at : at + size]

    found = pieces(FORM, lambda at, size: read(at, min(size, 37)), len(data), 0)

    assert 1 == len(found)
    assert sum(sizes) < 20 * len(data)
