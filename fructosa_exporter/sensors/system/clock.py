"""The node's clock: whether something corrects it, and how right the kernel takes it to be."""

import errno
import os
import struct
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Sample, gauge
from fructosa_exporter.sensor import Sensor

if TYPE_CHECKING:
    from ctypes import CDLL

# struct timex of <sys/timex.h>: modes, offset, freq, maxerror, esterror, status, constant,
# precision, tolerance, time (2), tick, ppsfreq, jitter, shift, stabil, jitcnt, calcnt, errcnt,
# stbcnt, tai, and 11 reserved numbers.
_TIMEX = struct.Struct("@I4li3l2l3li5li44x")
_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5
_FREQUENCY_SCALE = 65536 * 1e6


class KernelClock(NamedTuple):
    """What the kernel says of its clock, in its own units.

    *offset* and *fraction* are in nanoseconds if *status* says so, else in microseconds.
    *frequency* is a correction in millionths, times 65536; *tick_us* is what each tick of
    ``SC_CLK_TCK`` adds to the clock.
    """

    state: int
    status: int
    offset: int
    frequency: int
    max_error_us: int
    estimated_error_us: int
    seconds: int
    fraction: int
    tick_us: int

    @property
    def is_synchronized(self) -> bool:
        """Whether something corrects the clock, and has done so lately."""
        return not self.status & _STA_UNSYNC and self.state != _TIME_ERROR

    @property
    def units_per_s(self) -> float:
        """How many units of *offset* and *fraction* a second has."""
        return 1e9 if self.status & _STA_NANO else 1e6

    def frequency_correction(self, ticks_per_s: int) -> float:
        """Return by what share the clock is made to run faster than the hardware's."""
        return (self.tick_us * ticks_per_s / 1e6 - 1) + self.frequency / _FREQUENCY_SCALE


def clock(state: int, timex: bytes) -> KernelClock:
    """Return what a ``struct timex`` holds, with the *state* that came with it."""
    fields = _TIMEX.unpack(timex)
    _, offset, frequency, max_error, estimated_error, status, *_ = fields
    seconds, fraction, tick = fields[9:12]
    return KernelClock(
        state, status, offset, frequency, max_error, estimated_error, seconds, fraction, tick
    )


@cache
def _libc() -> "tuple[ModuleType, CDLL]":
    import ctypes  # here, as only nodes with the sensor shall pay for it

    return ctypes, ctypes.CDLL(None, use_errno=True)


def adjtimex() -> tuple[int, bytes]:
    """Ask the kernel for the clock's state and its ``struct timex``; change nothing.

    Raises: OSError.
    """
    ctypes, libc = _libc()
    timex = ctypes.create_string_buffer(_TIMEX.size)  # all zero, so modes too: it only reads
    state = libc.adjtimex(timex)
    if state < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return state, timex.raw


def read_clock(ask: Callable[[], tuple[int, bytes]] = adjtimex) -> KernelClock:
    """Return what the kernel says of its clock.

    Raises: SensorUnavailable where it may not be asked, as in a container; else OSError.
    """
    try:
        return clock(*ask())
    except OSError as reason:
        if reason.errno in (errno.EPERM, errno.ENOSYS):
            raise SensorUnavailable(f"the call adjtimex is refused: {reason.strerror}") from reason
        raise


class ClockSync(Sensor):
    """Whether the clock is synchronized, its errors, its correction, and the time it shows.

    Source: adjtimex(2), which chronyd, ntpd and systemd-timesyncd tell. chronyd corrects the
    clock by its frequency, and leaves the offset at zero. Errors are what the daemon said last; the
    largest grows by 0.5 ms a second from then on. 16 s, where nobody said any, is the kernel's end.
    """

    cost = "under 1 ms; 0.3 MiB of memory"

    SYNCHRONIZED = gauge(
        "fructosa_clock_synchronized", "1 if something corrects the clock, else 0."
    )
    OFFSET = gauge("fructosa_clock_offset_seconds", "Correction still to be made.")
    MAX_ERROR = gauge("fructosa_clock_max_error_seconds", "By how much the clock is off at most.")
    ESTIMATED_ERROR = gauge(
        "fructosa_clock_estimated_error_seconds", "By how much the clock is likely to be off."
    )
    FREQUENCY = gauge(
        "fructosa_clock_frequency_correction_ratio",
        "Share by which the clock is made to run faster; negative if slower.",
    )
    TIME = gauge(
        "fructosa_clock_time_seconds",
        "What the clock showed at the reading, in seconds since 1970 (UTC).",
    )

    read = staticmethod(read_clock)

    def samples(self) -> Iterator[Sample]:
        now = self.read()
        yield self.SYNCHRONIZED.sample(int(now.is_synchronized))
        yield self.OFFSET.sample(now.offset / now.units_per_s)
        yield self.MAX_ERROR.sample(now.max_error_us / 1e6)
        yield self.ESTIMATED_ERROR.sample(now.estimated_error_us / 1e6)
        yield self.FREQUENCY.sample(now.frequency_correction(os.sysconf("SC_CLK_TCK")))
        yield self.TIME.sample(now.seconds + now.fraction / now.units_per_s)
