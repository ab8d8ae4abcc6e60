"""Numbers for people."""

import pytest

from fructosa_bridge.web import readable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (readable.many(1234567), "1\u202f234\u202f567"),
        (readable.many(12), "12"),
        (readable.size(512), "512 B"),
        (readable.size(4 * 2**30), "4 GiB"),
        (readable.size(1.5 * 2**20), "1.5 MiB"),
        (readable.age(3.4), "3 s"),
        (readable.age(90), "1.5 min"),
        (readable.age(604800), "7 d"),
        (readable.took(None), ""),
        (readable.took(0.0123), "12.3 ms"),
        (readable.took(2.5), "2.50 s"),
    ],
)
def test_numbers_have_units_and_few_digits(text, expected):
    """Thousands are separated."""
    assert expected == text
