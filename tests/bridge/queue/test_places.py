"""Where each reader of the queue has stopped."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.queue.places import SUFFIXES, Places, decode, encode
from fructosa_bridge.queue.records import Position

RANGES = [(Position(0, 0), Position(10, 2)), (Position(30, 5), Position(90, 14))]


def test_ranges_are_read_as_they_were_written():
    """Also if there are none."""
    assert (RANGES, []) == (decode(encode(RANGES).encode()), decode(encode([]).encode()))


@given(st.integers(0, len(encode(RANGES)) - 1), st.integers(1, 255))
def test_a_damaged_byte_is_noticed(at, change):
    """Else points that were delivered would count as lost."""
    damaged = bytearray(encode(RANGES).encode())
    damaged[at] ^= change

    with suppress(ValueError):
        assert decode(bytes(damaged)) == RANGES  # a blank more or less


@given(st.one_of(st.binary(), st.text('[]{}0123456789,":-.e').map(str.encode)))
def test_other_bytes_are_no_ranges(content):
    """A ValueError says so, and no other."""
    with suppress(ValueError):
        decode(content)


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b"\xff",
        b"7",
        b"{}",
        b"[[[9,9],[1,1]]]",
        b"[[[0,0],[true,1]]]",
        b"[[[0,0],[99999999999999999999999,1]]]",
        b"[[[0,0],[1e300,2]]]",
        b"[[[0,-5],[10,99]]]",
        b"[[0,0]]",
    ],
)
def test_ranges_that_cannot_be_are_damage(content):
    """Deep nesting, text that is no UTF-8, numbers that no queue reaches."""
    with pytest.raises(ValueError, match=r"\w"):
        decode(content)


def test_of_the_former_format_the_start_is_believed():
    """It had no checksum; what came after the start is sent again, which is harmless."""
    assert [(Position(5, 1), Position(5, 1))] == decode(b"[[[5, 1], [9, 2]], [[20, 4], [30, 5]]]")


@pytest.mark.parametrize("lost", [SUFFIXES[:1], SUFFIXES[:2], SUFFIXES[1:]])
def test_a_copy_that_is_left_is_used(tmp_path, lost):
    """Whichever it is, and whether the others are gone or damaged."""
    Places(tmp_path).write({"carbon": encode(RANGES)})
    for suffix in lost:
        (tmp_path / f"carbon{suffix}").write_bytes(b"[")
    assert RANGES == Places(tmp_path).read("carbon")

    for suffix in lost:
        (tmp_path / f"carbon{suffix}").unlink()
    assert RANGES == Places(tmp_path).read("carbon")


def test_damage_is_logged_once(tmp_path, caplog):
    """A queue that cannot be opened is tried every second."""
    (tmp_path / "carbon.place").write_bytes(b"[")
    places = Places(tmp_path)

    assert ([], []) == (places.read("carbon"), places.read("carbon"))
    assert 2 == len(caplog.messages)
