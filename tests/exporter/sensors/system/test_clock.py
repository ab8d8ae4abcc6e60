"""The clock, and whether something corrects it."""

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
    clock,
    read_clock,
)

from ...machine import values

UNSYNCHRONIZED, NANOSECONDS = 0x0040, 0x2000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# A node whose clock is corrected, in nanoseconds.
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
# Where <sys/timex.h> has each member on a 64-bit Linux, as a C compiler tells with offsetof().
PLACES = {
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


def told(**changes):
    """Return what the sensor tells of a good clock, but for the *changes*."""
    return values(ClockSync(read=lambda: GOOD._replace(**changes)))


def refusing(code):
    """Return a call that the kernel refuses."""

    def ask():
        raise OSError(code, os.strerror(code))

    return ask


def test_a_clock_that_is_corrected_tells_how_right_it_is():
    """In seconds; the frequency as a share: 20 millionths slower."""
    expected = {
        ("clock_synchronized",): 1,
        ("clock_offset_seconds",): pytest.approx(-1.5e-6),
        ("clock_max_error_seconds",): pytest.approx(2.5e-3),
        ("clock_estimated_error_seconds",): pytest.approx(16e-6),
        ("clock_frequency_correction_ratio",): pytest.approx(-20e-6),
        ("clock_time_seconds",): 1_700_000_000.25,
    }
    assert expected == told()


def test_a_kernel_may_count_in_microseconds():
    """It says so; errors are in microseconds always."""
    found = told(status=0x0001, fraction=250_000)

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
        ({"state": 1}, 1),  # a leap second is due: nothing is wrong
        ({"state": 4}, 1),
    ],
)
def test_a_clock_is_synchronized_or_not(changes, expected):
    """By its status and its state."""
    assert expected == told(**changes)["clock_synchronized",]


def test_ticks_that_are_longer_make_the_clock_faster():
    """A large correction needs them."""
    found = told(frequency=0, tick_us=GOOD.tick_us + GOOD.tick_us // 100)

    assert found["clock_frequency_correction_ratio",] == pytest.approx(0.01)


@ON_64_BIT_LINUX
def test_the_members_are_where_the_header_has_them():
    """Each has a value of its own here; what lies between is noise."""
    content = bytearray(b"\xa5" * SIZE)
    for number, (place, form) in enumerate(PLACES.values(), 1):
        struct.pack_into(f"={form}", content, place, -number)

    found = clock(3, bytes(content))

    expected = {name: -number for number, name in enumerate(PLACES, 1)}
    assert KernelClock(state=3, **expected) == found


@ON_64_BIT_LINUX
@given(st.integers(), st.binary(min_size=SIZE, max_size=SIZE))
def test_every_answer_of_the_kernel_is_numbers(state, content):
    """However wrong."""
    found = values(ClockSync(read=lambda: clock(state, content)))

    assert {metric.name for metric in ClockSync.metrics} == {
        f"fructosa_{name}" for (name,) in found
    }
    assert found["clock_synchronized",] in {0, 1}


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOSYS])
def test_a_machine_that_refuses_the_call_has_nothing_to_tell(code):
    """As the filter of a container does."""
    with pytest.raises(SensorUnavailable, match="adjtimex is refused"):
        read_clock(refusing(code))


def test_another_error_is_one():
    """It is not that the machine lacks something."""
    with pytest.raises(OSError, match="Bad address"):
        read_clock(refusing(errno.EFAULT))


@ON_64_BIT_LINUX
def test_this_machine_is_asked():
    """It answers with the state and the whole of the structure, or refuses."""
    try:
        state, content = adjtimex()
    except OSError as reason:
        pytest.skip(f"the call is refused: {reason}")

    now = clock(state, content)

    assert 0 <= state <= 5
    assert len(content) == SIZE
    assert now.seconds > 1.5e9
    # The kernel allows a tenth, either way.
    assert now.tick_us * TICKS_PER_S == pytest.approx(1e6, rel=0.1)
