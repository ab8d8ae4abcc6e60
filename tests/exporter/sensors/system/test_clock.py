"""The sensor ClockSync."""

import errno
import os
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.system.clock import (
    ClockSync,
    KernelClock,
    adjtimex,
    parse_timex,
    read_clock,
)

from ...machine import values

UNSYNCHRONIZED, NANOSECONDS = 0x0040, 0x2000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# A synchronized clock with offsets in nanoseconds.
GOOD = KernelClock(
    state=0,
    status=NANOSECONDS | 0x0001,
    offset=-1500,
    frequency=-65536 * 20,
    max_error_us=2500,
    estimated_error_us=16,
    seconds=1_700_000_000,
    fraction=250_000_000,
    tick_us=1_000_000 // TICKS_PER_S,
)
# Offset of each member in <sys/timex.h> on 64-bit Linux, from offsetof() in C.
OFFSETS = {
    "offset": (8, "q"),
    "frequency": (16, "q"),
    "max_error_us": (24, "q"),
    "estimated_error_us": (32, "q"),
    "status": (40, "i"),
    "seconds": (72, "q"),
    "fraction": (80, "q"),
    "tick_us": (88, "q"),
}
SIZE = 208

ON_64_BIT_LINUX = pytest.mark.skipif(
    sys.platform != "linux" or sys.maxsize < 2**32, reason="the layout is that of 64-bit Linux"
)


def values_of_clock(**changes):
    """Return the sensor's values for a synchronized clock with these *changes*."""
    return values(ClockSync(read=lambda: GOOD._replace(**changes)))


def refused_call(code):
    """Return a system call that fails with the error *code*."""

    def call():
        raise OSError(code, os.strerror(code))

    return call


def test_a_synchronized_clock_has_its_errors_in_seconds():
    """The frequency correction is a ratio: 20 ppm slower."""
    expected = {
        ("clock_synchronized",): 1,
        ("clock_offset_seconds",): pytest.approx(-1.5e-6),
        ("clock_max_error_seconds",): pytest.approx(2.5e-3),
        ("clock_estimated_error_seconds",): pytest.approx(16e-6),
        ("clock_frequency_correction_ratio",): pytest.approx(-20e-6),
        ("clock_time_seconds",): 1_700_000_000.25,
    }
    assert expected == values_of_clock()


def test_offsets_are_in_microseconds_without_sta_nano():
    """The errors are always in microseconds."""
    found = values_of_clock(status=0x0001, fraction=250_000)

    assert found["clock_offset_seconds",] == pytest.approx(-1.5e-3)
    assert found["clock_time_seconds",] == 1_700_000_000.25
    assert found["clock_max_error_seconds",] == pytest.approx(2.5e-3)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1),
        ({"status": 0}, 1),
        ({"status": UNSYNCHRONIZED}, 0),
        ({"status": UNSYNCHRONIZED | NANOSECONDS}, 0),
        ({"state": 5}, 0),
        ({"state": 1}, 1),  # a leap second is pending
        ({"state": 4}, 1),
    ],
)
def test_synchronized_depends_on_status_and_state(changes, expected):
    """A pending leap second is not an error."""
    assert expected == values_of_clock(**changes)["clock_synchronized",]


def test_longer_ticks_make_the_clock_faster():
    """Large corrections change the tick."""
    found = values_of_clock(frequency=0, tick_us=GOOD.tick_us + GOOD.tick_us // 100)

    assert found["clock_frequency_correction_ratio",] == pytest.approx(0.01)


@ON_64_BIT_LINUX
def test_fields_are_read_at_the_offsets_of_the_header():
    """Each field has its own value; the bytes between them are arbitrary."""
    content = bytearray(b"\xa5" * SIZE)
    for number, (offset, form) in enumerate(OFFSETS.values(), 1):
        struct.pack_into(f"={form}", content, offset, -number)

    found = parse_timex(3, bytes(content))

    expected = {name: -number for number, name in enumerate(OFFSETS, 1)}
    assert KernelClock(state=3, **expected) == found


@ON_64_BIT_LINUX
@given(st.integers(), st.binary(min_size=SIZE, max_size=SIZE))
def test_any_structure_gives_every_metric(state, content):
    """Even one with arbitrary bytes."""
    found = values(ClockSync(read=lambda: parse_timex(state, content)))

    assert {metric.name for metric in ClockSync.metrics} == {
        f"fructosa_{name}" for (name,) in found
    }
    assert found["clock_synchronized",] in {0, 1}


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSYS])
def test_the_sensor_is_unavailable_if_the_call_is_refused(code):
    """As by the seccomp filter of a container."""
    with pytest.raises(SensorUnavailable, match="adjtimex is refused"):
        read_clock(refused_call(code))


def test_other_errors_are_raised():
    """They do not mean that the machine lacks something."""
    with pytest.raises(OSError, match="Bad address"):
        read_clock(refused_call(errno.EFAULT))


@ON_64_BIT_LINUX
def test_the_call_works_on_this_machine():
    """It returns the state and the whole structure, or is refused."""
    try:
        state, content = adjtimex()
    except OSError as error:
        pytest.skip(f"the call is refused: {error}")

    now = parse_timex(state, content)

    assert 0 <= state <= 5
    assert len(content) == SIZE
    assert now.seconds > 1.5e9
    # The kernel allows 10 % in either direction.
    assert now.tick_us * TICKS_PER_S == pytest.approx(1e6, rel=0.1)
