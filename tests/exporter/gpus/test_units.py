"""Which numbers are none, and what the others are in base units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.units import celsius, hertz, number, share, small, watts

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
    ("convert", "value", "expected"),
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
def test_a_number_becomes_base_units(convert, value, expected):
    """At the edges too: zero is a value like any other."""
    assert expected == convert(value)


@given(st.integers(), st.sampled_from(CONVERSIONS))
def test_no_number_breaks_a_conversion(value, convert):
    """Whatever a driver tells, it is a number that is not negative, a temperature, or none."""
    found = convert(value)

    assert found is None or found >= (-100 if convert is celsius else 0)
