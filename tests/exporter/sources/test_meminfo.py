"""Parsing of /proc/meminfo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.sources.meminfo import huge_page_bytes, parse

TEXT = b"""\
MemTotal:       24683656 kB
Active(anon):        616 kB
HugePages_Total:     720
MemFree:               5 MB
Buffers:              -5 kB
Cached: 99999999999999999 kB
Slab:                  x kB
Hugetlb:              12"""


def test_sizes_are_in_bytes_and_numbers_are_plain():
    """Lines in another form are left out, as is one with another unit."""
    assert {b"MemTotal": 24683656 * 1024, b"HugePages_Total": 720, b"Hugetlb": 12} == parse(TEXT)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed(content):
    """The numbers have 64 bits."""
    assert all(0 <= value < 2**64 for value in parse(content).values())


def huge(**fields):
    """Return the memory of huge pages of a node with these fields."""
    return huge_page_bytes({name.encode(): value for name, value in fields.items()})


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"HugePages_Total": 4, "HugePages_Free": 1, "Hugepagesize": 100}, (400, 100)),
        ({"HugePages_Total": 4, "Hugepagesize": 100}, (400, None)),
        ({"HugePages_Total": 0, "HugePages_Free": 0, "Hugepagesize": 100}, (0, 0)),
        ({"HugePages_Total": 4}, (None, None)),
        ({"Hugetlb": 400}, (400, None)),
        ({}, (None, None)),
    ],
)
def test_huge_pages_are_in_bytes(fields, expected):
    """What the kernel does not tell is unknown."""
    assert expected == huge(**fields)


def test_free_huge_pages_are_unknown_if_there_are_several_sizes():
    """The file counts those of one size."""
    assert (900, None) == huge(HugePages_Total=4, HugePages_Free=1, Hugepagesize=100, Hugetlb=900)
