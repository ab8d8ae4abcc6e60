"""NVML's field values, out of the bytes of their array."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.nvidia.fields import FieldDecoder, FieldQuery

FIRST, SECOND = FieldQuery(82, 0, ("first",)), FieldQuery(83, 0, ("second",))
FORMS = "dIQQqiH"


def raw(value, kind=3, code=0):
    """Return the bytes of a field value: of a type by its number, and what else is there."""
    content = struct.pack(f"={FORMS[kind] if 0 <= kind < 7 else 'Q'}", value)
    # What is left over of the eight bytes may be anything.
    return struct.pack("=IIqqii8s", 1, 2, 3, 4, kind, code, content.ljust(8, b"\xaa"))


def decoded(decoder, *values):
    """Return what a decoder makes of an array of *values*."""
    quantities, numbers = decoder.decode(b"".join(values))
    return {quantity[0]: number for quantity, number in zip(quantities, numbers, strict=True)}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(0, 1.5), (1, 2_000_000_000), (2, 2**40), (3, 2**40), (4, 2**40), (5, 5), (6, 65_000)],
)
def test_each_type_has_its_width(kind, value):
    """double, unsigned int, long and long long, long long, int, unsigned short."""
    assert {"first": value} == decoded(FieldDecoder([FIRST]), raw(value, kind))


def test_a_value_is_told_in_the_unit_of_its_quantity():
    """Links count KiB; energy is in mJ."""
    decoder = FieldDecoder(
        [FieldQuery(138, 4, ("transmit",), 1024), FieldQuery(83, 0, ("energy",), 1e-3)]
    )

    assert {"transmit": 7168, "energy": 7} == decoded(decoder, raw(7), raw(7000))


@pytest.mark.parametrize(("kind", "code"), [(3, 3), (3, 15), (7, 0), (-1, 0), (2**31 - 1, 0)])
def test_what_a_gpu_does_not_have_is_left_out(kind, code):
    """Also a type that came after this was written; the others stay."""
    assert {"second": 2} == decoded(FieldDecoder([FIRST, SECOND]), raw(1, kind, code), raw(2))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (0, math.nan),
        (0, math.inf),
        (0, -1.0),
        (1, 2**32 - 1),
        (2, 2**64 - 1),
        (3, 2**64 - 1),
        (3, 2**63 - 16),
        (4, -1),
        (5, -1),
        (6, 2**16 - 1),
    ],
)
def test_what_stands_for_no_value_is_left_out(kind, value):
    """All ones in the width of the type, what is negative, and what is no number."""
    decoder = FieldDecoder([FIRST, SECOND])

    assert {"second": 2} == decoded(decoder, raw(value, kind), raw(2))
    assert {"first": 1, "second": 2} == decoded(decoder, raw(1, kind if kind else 3), raw(2))


def test_what_a_gpu_begins_and_ceases_to_have_is_noticed():
    """As after MIG was turned on; what was worked out before holds no longer."""
    decoder = FieldDecoder([FIRST, SECOND])

    assert {"first": 1, "second": 2} == decoded(decoder, raw(1), raw(2))
    assert {"second": 3} == decoded(decoder, raw(1, code=3), raw(3))
    assert {"first": 4, "second": 5} == decoded(decoder, raw(4, kind=1), raw(5))
    assert {} == decoded(decoder, raw(1, code=3), raw(1, code=3))


def test_of_two_fields_for_one_quantity_the_first_is_taken():
    """Each GPU usually has one of them."""
    decoder = FieldDecoder([FIRST, FieldQuery(99, 0, ("first",), 10)])

    assert {"first": 1} == decoded(decoder, raw(1), raw(2))
    assert {"first": 20} == decoded(decoder, raw(1, code=3), raw(2))


@given(st.lists(st.lists(st.binary(min_size=40, max_size=40), min_size=3, max_size=3)))
def test_any_bytes_are_read(arrays):
    """A driver that writes nonsense costs no more than its values."""
    decoder = FieldDecoder([FIRST, SECOND, FieldQuery(84, 1, ("third",), 0.5)])

    for array in arrays:
        found = decoded(decoder, *array)
        assert found.keys() <= {"first", "second", "third"}
        assert all(math.isfinite(value) and value >= 0 for value in found.values())


@pytest.mark.parametrize(("state", "expected"), [(1, 1), (0, 0), (2, 0), (3, 0), (7, 0)])
def test_a_state_is_1_for_one_value_alone(state, expected):
    """Whatever other states there are, or will be."""
    decoder = FieldDecoder(
        [FieldQuery(165, 0, ("up",), active=1), FieldQuery(138, 0, ("transmit",))]
    )

    assert {"up": expected, "transmit": 7} == decoded(decoder, raw(state, 1), raw(7))
