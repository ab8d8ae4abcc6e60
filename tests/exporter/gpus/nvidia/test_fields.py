"""Decoding of field values of NVML."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.nvidia.fields import FieldDecoder, FieldQuery

FIRST, SECOND = FieldQuery(82, 0, ("first",)), FieldQuery(83, 0, ("second",))
FORMS = "dIQQqiH"


def raw(value, kind=3, code=0):
    """Return the bytes of a field value with this type and error code."""
    content = struct.pack(f"={FORMS[kind] if 0 <= kind < 7 else 'Q'}", value)
    # The rest of the eight bytes is arbitrary.
    return struct.pack("=IIqqii8s", 1, 2, 3, 4, kind, code, content.ljust(8, b"\xaa"))


def decoded(decoder, *values):
    """Return the decoded array of *values*."""
    quantities, numbers = decoder.decode(b"".join(values))
    return {quantity[0]: number for quantity, number in zip(quantities, numbers, strict=True)}


@pytest.mark.parametrize(
    ("kind", "value"),
    [(0, 1.5), (1, 2_000_000_000), (2, 2**40), (3, 2**40), (4, 2**40), (5, 5), (6, 65_000)],
)
def test_each_type_has_its_width(kind, value):
    """double, unsigned int, long and long long, long long, int, unsigned short."""
    assert {"first": value} == decoded(FieldDecoder([FIRST]), raw(value, kind))


def test_values_are_converted_to_base_units():
    """Links count KiB; energy is in mJ."""
    decoder = FieldDecoder(
        [FieldQuery(138, 4, ("transmit",), 1024), FieldQuery(83, 0, ("energy",), 1e-3)]
    )

    assert {"transmit": 7168, "energy": 7} == decoded(decoder, raw(7), raw(7000))


@pytest.mark.parametrize(("kind", "code"), [(3, 3), (3, 15), (7, 0), (-1, 0), (2**31 - 1, 0)])
def test_unsupported_fields_are_left_out(kind, code):
    """So are unknown types; the others stay."""
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
def test_missing_values_are_left_out(kind, value):
    """All bits set in the width of the type, negative numbers, and NaN."""
    decoder = FieldDecoder([FIRST, SECOND])

    assert {"second": 2} == decoded(decoder, raw(value, kind), raw(2))
    assert {"first": 1, "second": 2} == decoded(decoder, raw(1, kind if kind else 3), raw(2))


def test_a_change_of_supported_fields_is_noticed():
    """As after MIG was enabled; the cached format is no longer valid."""
    decoder = FieldDecoder([FIRST, SECOND])

    assert {"first": 1, "second": 2} == decoded(decoder, raw(1), raw(2))
    assert {"second": 3} == decoded(decoder, raw(1, code=3), raw(3))
    assert {"first": 4, "second": 5} == decoded(decoder, raw(4, kind=1), raw(5))
    assert {} == decoded(decoder, raw(1, code=3), raw(1, code=3))


def test_the_first_of_two_fields_for_one_quantity_is_used():
    """Each GPU usually has one of them."""
    decoder = FieldDecoder([FIRST, FieldQuery(99, 0, ("first",), 10)])

    assert {"first": 1} == decoded(decoder, raw(1), raw(2))
    assert {"first": 20} == decoded(decoder, raw(1, code=3), raw(2))


@given(st.lists(st.lists(st.binary(min_size=40, max_size=40), min_size=3, max_size=3)))
def test_any_bytes_are_decoded(arrays):
    """The values are finite and not negative."""
    decoder = FieldDecoder([FIRST, SECOND, FieldQuery(84, 1, ("third",), 0.5)])

    for array in arrays:
        found = decoded(decoder, *array)
        assert found.keys() <= {"first", "second", "third"}
        assert all(math.isfinite(value) and value >= 0 for value in found.values())


@pytest.mark.parametrize(("state", "expected"), [(1, 1), (0, 0), (2, 0), (3, 0), (7, 0)])
def test_a_state_is_1_for_only_one_value(state, expected):
    """Whatever other states there are, or will be."""
    decoder = FieldDecoder(
        [FieldQuery(165, 0, ("up",), active=1), FieldQuery(138, 0, ("transmit",))]
    )

    assert {"up": expected, "transmit": 7} == decoded(decoder, raw(state, 1), raw(7))
