"""Conversion of numbers to base units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.gpus.units import celsius, hertz, number_32, number_64, ratio, watts

ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1


CONVERSIONS = [celsius, hertz, number_64, ratio, number_32, watts]


@pytest.mark.parametrize("convert", CONVERSIONS)
@pytest.mark.parametrize("sentinel", [None, -1, ALL_ONES_64, 2**63 - 16, 2**63 - 1])
def test_missing_64_bit_values_are_none(convert, sentinel):
    """NVML's "not available"; -1 is a valid temperature."""
    expected = -1 if (convert, sentinel) == (celsius, -1) else None

    assert expected == convert(sentinel)


@pytest.mark.parametrize("convert", [celsius, hertz, ratio, number_32, watts])
@pytest.mark.parametrize("sentinel", [ALL_ONES_32, 2**31 - 16, 2**31 - 1])
def test_missing_32_bit_values_are_none(convert, sentinel):
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
        (number_64, 0, 0),
        (number_64, 2**63 - 17, 2**63 - 17),
        (ratio, 0, 0),
        (ratio, 100, 1),
        (ratio, 101, None),
        (number_32, 0, 0),
        (watts, 0, 0),
        (watts, 312_500, 312.5),
        (watts, 100_000_000, None),
    ],
)
def test_numbers_are_converted_to_base_units(convert, value, expected):
    """Including limits; zero is a valid value."""
    assert expected == convert(value)


@given(st.integers(), st.sampled_from(CONVERSIONS))
def test_any_number_is_converted(value, convert):
    """The result is not negative, a temperature, or None."""
    found = convert(value)

    assert found is None or found >= (-100 if convert is celsius else 0)
