"""Parsing of /proc/stat."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.kernel import Kernel
from fructosa_exporter.sources.proc_stat import (
    DIFFERENT_LENGTHS,
    MODES,
    NO_NUMBER,
    NO_TOTAL,
    SharedProcStat,
    parse,
    ticks_between,
    total_ticks,
)

from ..machine import PROC_STAT, cpu_times, stat_reading
from ..recorded import unpack


def test_times_are_grouped_by_mode_and_processor():
    """Numbers of processors have gaps if some are offline."""
    found = parse(PROC_STAT)

    assert ("0", "3") == found.processors
    assert [27537, 41636] == found.ticks[MODES.index("user")]
    assert [5, 0] == found.ticks[MODES.index("guest")]
    assert 69173 == found.total[0]


def test_single_numbers_are_returned_by_name():
    """For interrupts, it is the total."""
    numbers = parse(PROC_STAT).numbers

    assert (882015, 2013, 1763975000) == tuple(numbers[name] for name in ("intr", "ctxt", "btime"))
    assert (4711, 2, 0, 99) == tuple(
        numbers[name] for name in ("processes", "procs_running", "procs_blocked", "softirq")
    )


def test_kernels_may_have_fewer_or_more_modes():
    """Unknown ones are ignored."""
    old = parse(b"cpu  1 2 3 4\ncpu0 1 2 3 4\nintr 1 2\n")
    new = parse(b"cpu 1 2 3 4 5 6 7 8 9 10 11\ncpu0 1 2 3 4 5 6 7 8 9 10 11\nintr 1 2\n")

    assert 4 == len(old.ticks)
    assert [[10]] == new.ticks[9:]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", NO_TOTAL),
        (b"\n", NO_TOTAL),
        (b"cpu", NO_TOTAL),
        (b"cpu0 1 2\ncpu1 1 2\n", NO_TOTAL),
        (b"cpu 1 2\ncpu0 1\n", DIFFERENT_LENGTHS),
        (b"cpu 1 2\ncpu0", DIFFERENT_LENGTHS),
        (b"cpu 1 2\ncpu0 1 2 3\ncpu1 1\n", DIFFERENT_LENGTHS),
        (b"cpu 1 2\ncpu0 1 x\n", NO_NUMBER),
        (b"cpu 1 2\ncpu0 1 " + b"9" * 5000, NO_NUMBER),
    ],
)
def test_invalid_content_is_an_error(content, message):
    """Such as a truncated file, or one that a container has shortened. The message says what."""
    with pytest.raises(ValueError, match=message):
        parse(content)


def test_a_number_that_is_too_large_is_left_out():
    """The others stay."""
    assert {"ctxt": 2} == parse(b"cpu 1 2\nbtime " + b"9" * 5000 + b"\nctxt 2\n").numbers


def test_a_kernel_that_counts_other_modes_starts_over():
    """As after a change of what a container sees."""
    old, new = parse(b"cpu 1 2\ncpu0 1 2\n"), parse(b"cpu 1 2 3\ncpu0 1 2 3\n")

    assert new.ticks == ticks_between(old, new)


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_a_value_error(content):
    """No other error is raised."""
    try:
        found = parse(content)
    except ValueError:
        return

    assert all(len(found.processors) == len(row) for row in found.ticks)


def test_time_passes_between_two_looks():
    """A mode that went backwards stood still."""
    before = stat_reading(cpu_times(user=1, iowait=5))
    after = stat_reading(cpu_times(user=3, iowait=4, guest=1))

    rows = ticks_between(before, after)

    assert [200] == rows[MODES.index("user")]
    assert [0] == rows[MODES.index("iowait")]
    assert [200] == total_ticks(rows)  # a guest's time is within user


class Clock:
    """A clock that only moves when it is set."""

    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_the_sensors_of_a_page_share_a_reading(tmp_path):
    """The next page gets a new one."""
    clock = Clock()
    unpack("\n== /proc/stat\n" + PROC_STAT.decode(), tmp_path)
    shared = SharedProcStat(Kernel(tmp_path), clock)
    first = shared()
    clock.now_s = 0.04
    second = shared()
    clock.now_s = 0.06
    third = shared()

    assert first is second
    assert first is not third
    assert first == third


def test_this_machine_can_be_read():
    """There are as many processors as are online."""
    assert os.sysconf("SC_NPROCESSORS_ONLN") == len(SharedProcStat()().processors)
