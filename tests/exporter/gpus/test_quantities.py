"""Which numbers are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.quantities import columns, known, known_columns
from fructosa_exporter.gpus.units import celsius, hertz, number, scaled, share, small, watts

ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1
CONVERSIONS = [celsius, hertz, number, share, small, watts]


@pytest.mark.parametrize("convert", CONVERSIONS)
@pytest.mark.parametrize("sentinel", [None, -1, ALL_ONES_64, 2**63 - 16, 2**63 - 1])
def test_what_stands_for_no_value_is_none(convert, sentinel):
    """NVML's "not available", in 64 bits; -1 is a temperature, though a cold one."""
    expected = -1 if (convert, sentinel) == (celsius, -1) else None

    assert expected == convert(sentinel)


@pytest.mark.parametrize("convert", [celsius, hertz, share, small, watts])
@pytest.mark.parametrize("sentinel", [ALL_ONES_32, 2**31 - 16, 2**31 - 1])
def test_what_stands_for_no_value_in_32_bits_is_none(convert, sentinel):
    """As in all functions that fill an unsigned int."""
    assert convert(sentinel) is None


@pytest.mark.parametrize(
    ("convert", "told", "expected"),
    [
        (celsius, 0, 0),
        (celsius, 299, 299),
        (celsius, 300, None),
        (celsius, -100, None),
        (hertz, 0, 0),
        (hertz, 1410, 1_410_000_000),
        (hertz, 100_000, None),
        (number, 0, 0),
        (number, 2**63 - 17, 2**63 - 17),
        (share, 0, 0),
        (share, 100, 1),
        (share, 101, None),
        (small, 0, 0),
        (watts, 0, 0),
        (watts, 312_500, 312.5),
        (watts, 100_000_000, None),
    ],
)
def test_a_number_becomes_base_units(convert, told, expected):
    """At the edges too: zero is a value like any other."""
    assert expected == convert(told)


def test_what_is_not_known_is_left_out():
    """Absent is not zero."""
    assert {("draw",): 0.0} == known({("draw",): 0.0, ("limit",): None})
    assert scaled(None, 2) is None
    assert 6 == scaled(3, 2)


def test_what_is_told_again_is_told_by_the_same_tuple():
    """It is by this that whoever keeps something for it knows it again."""
    quantities = (("draw",), ("limit",))

    assert quantities is known_columns(quantities, (0.0, 2.0))[0]
    assert (("limit",),) == known_columns(quantities, (None, 2.0))[0]
    assert [2.0] == known_columns(quantities, (None, 2.0))[1]


@given(st.lists(st.none() | st.floats(allow_nan=False)))
def test_parts_tell_what_the_whole_tells(values):
    """A dictionary is one part; what is in parts stays so."""
    whole = {(str(place),): value for place, value in enumerate(values)}
    one = known_columns(tuple(whole), values)

    (from_whole,) = columns(known(whole))
    assert dict(zip(*from_whole, strict=True)) == dict(zip(*one, strict=True))
    assert [one, from_whole] == columns([one, from_whole])


@given(st.integers(), st.sampled_from(CONVERSIONS))
def test_no_number_breaks_a_conversion(value, convert):
    """Whatever a driver tells, it is a number that is not negative, a temperature, or none."""
    found = convert(value)

    assert found is None or found >= (-100 if convert is celsius else 0)
