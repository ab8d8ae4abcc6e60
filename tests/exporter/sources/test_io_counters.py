"""Counters of disks and network interfaces."""

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.io_counters import (
    DiskCounters,
    InterfaceCounters,
    disk_counters,
    interface_counters,
)

from ..recorded import unpack

# Form and names as of a virtual machine with Linux 6.1; the numbers are made up, so that each is
# another one. The second disk is of a kernel before 4.18, which counts no discards.
TREE = """# See above.
== /proc/diskstats
   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17
 259       1 nvme0n1p1 21 22 23 24 25 26 27 28 29 30 31
   8      16 sdb 1 2 3 4
== /proc/net/dev
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo
    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
eth0:1:31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46
 short: 1 2 3
"""


@pytest.fixture
def kernel(tmp_path):
    """The kernel of a recorded machine."""
    unpack(TREE, tmp_path)
    return Kernel(tmp_path)


def test_counters_of_disks_and_partitions(kernel):
    """The kernel counts sectors of 512 bytes; lines that are too short are left out."""
    expected = {
        "sda": DiskCounters(1, 2, 3 * 512, 4, 5, 6, 7 * 512, 8, 10),
        "nvme0n1p1": DiskCounters(21, 22, 23 * 512, 24, 25, 26, 27 * 512, 28, 30),
    }
    assert expected == disk_counters(kernel)


def test_counters_of_interfaces(kernel):
    """Names may contain a colon, and there may be no space after them."""
    expected = {
        "lo": InterfaceCounters(1, 2, 3, 4, 9, 10, 11, 12),
        "eth0:1": InterfaceCounters(31, 32, 33, 34, 39, 40, 41, 42),
    }
    assert expected == interface_counters(kernel)


def test_names_may_be_invalid_utf8(kernel, tmp_path):
    """The kernel allows it."""
    file = tmp_path / "proc/net/dev"
    file.write_bytes(file.read_bytes().replace(b"    lo", b" eth\xff"))

    assert "eth\udcff" in interface_counters(kernel)


@pytest.mark.parametrize("read", [disk_counters, interface_counters])
def test_an_invalid_number_is_an_error(kernel, tmp_path, read):
    """The reading fails, rather than being incomplete."""
    for path in ("proc/diskstats", "proc/net/dev"):
        file = tmp_path / path
        file.write_text(file.read_text().replace(" 2 3 4", " 2 x 4"))

    with pytest.raises(ValueError, match="'x'"):
        read(kernel)


@given(st.text())
def test_any_text_is_parsed_or_a_value_error(text):
    """No other error is raised."""

    class Fixed(Kernel):
        def text(self, path):
            return text

    for read in (disk_counters, interface_counters):
        try:
            found = read(Fixed())
        except ValueError:
            continue
        assert all(isinstance(number, int) for one in found.values() for number in one)


def test_psutil_sees_the_same_on_this_machine():
    """The same names, and numbers that only grow between the two readings."""
    for read, seen in (
        (disk_counters, psutil.disk_io_counters(perdisk=True, nowrap=False)),
        (interface_counters, psutil.net_io_counters(pernic=True, nowrap=False)),
    ):
        found = read()

        assert (seen or {}).keys() == found.keys()
        for name, one in found.items():
            assert all(getattr(seen[name], field) <= getattr(one, field) for field in one._fields)
