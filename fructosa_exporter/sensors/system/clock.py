"""The node's clock: whether it is synchronized, and how accurate the kernel takes it to be."""

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
    """The state of the kernel's clock, in the kernel's units.

    *offset* and *fraction* are in nanoseconds if *status* has STA_NANO set, else in microseconds.
    *frequency* is a correction in parts per million, times 65536. *tick_us* is what each tick of
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
        """Whether the kernel regards the clock as synchronized."""
        return not self.status & _STA_UNSYNC and self.state != _TIME_ERROR

    @property
    def units_per_s(self) -> float:
        """The number of units of *offset* and *fraction* in a second."""
        return 1e9 if self.status & _STA_NANO else 1e6

    def frequency_correction(self, ticks_per_s: int) -> float:
        """Return how much faster the clock runs than the hardware's, as a ratio."""
        return (self.tick_us * ticks_per_s / 1e6 - 1) + self.frequency / _FREQUENCY_SCALE


def parse_timex(state: int, timex: bytes) -> KernelClock:
    """Parse a ``struct timex``; *state* is the return value of the call that filled it."""
    fields = _TIMEX.unpack(timex)
    _, offset, frequency, max_error, estimated_error, status, *_ = fields
    seconds, fraction, tick = fields[9:12]
    return KernelClock(
        state, status, offset, frequency, max_error, estimated_error, seconds, fraction, tick
    )


@cache
def _libc() -> "tuple[ModuleType, CDLL]":
    import ctypes  # imported here, so that only nodes that use the sensor pay for it

    return ctypes, ctypes.CDLL(None, use_errno=True)


def adjtimex() -> tuple[int, bytes]:
    """Return the clock's state and its ``struct timex`` from the kernel; change nothing.

    Raises: OSError.
    """
    ctypes, libc = _libc()
    timex = ctypes.create_string_buffer(_TIMEX.size)  # modes is 0, so the call only reads
    state = libc.adjtimex(timex)
    if state < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return state, timex.raw


def read_clock(call: Callable[[], tuple[int, bytes]] = adjtimex) -> KernelClock:
    """Return the state of the kernel's clock.

    Raises: SensorUnavailable where the system call is not permitted, as in a container; OSError.
    """
    try:
        return parse_timex(*call())
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise SensorUnavailable(
                f"the system call adjtimex is refused: {error.strerror}"
            ) from error
        raise


class ClockSync(Sensor):
    """Whether the clock is synchronized, its offset, error bounds, frequency and current time.

    Source: adjtimex(2), the state that chronyd, ntpd or systemd-timesyncd sets in the kernel.
    chronyd adjusts the frequency of the clock and leaves the offset at zero. The error values are
    those that the daemon set last. The maximum error then grows by 0.5 ms per second, up to 16 s,
    which is also its value if no daemon has ever set it.
    """

    cost = "under 1 ms; 0.3 MiB of memory"

    SYNCHRONIZED = gauge(
        "fructosa_clock_synchronized",
        "1 if the kernel regards the clock as synchronized, else 0.",
    )
    OFFSET = gauge(
        "fructosa_clock_offset_seconds", "Remaining offset that the kernel is still correcting."
    )
    MAX_ERROR = gauge("fructosa_clock_max_error_seconds", "Maximum error of the clock.")
    ESTIMATED_ERROR = gauge(
        "fructosa_clock_estimated_error_seconds", "Estimated error of the clock."
    )
    FREQUENCY = gauge(
        "fructosa_clock_frequency_correction_ratio",
        "How much faster the clock is made to run, as a ratio; negative if slower.",
    )
    TIME = gauge(
        "fructosa_clock_time_seconds",
        "Time that the clock showed when it was read, in seconds since 1970 (UTC).",
        without_panel="alerts compare it with the time of the scrape",
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
