"""Time and memory of an input that was made large, beside those of an honest one of its size.

A part of the input is repeated: what matches in several ways, or is copied for each part, shows.
"""

import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zlib import crc32

from .target import FuzzTarget, expect

# One in so many inputs is made large, and no more than fit into a share of the time: each takes a
# thousand times as long as a small one.
_ONE_IN, _SHARE = 64, 0.3
# As large as this in turn, until one takes long.
_SIZES, _LONG_S = (2**12, 2**14, 2**16, 2**18), 0.15
# A reader that is linear needs four times as long for what is four times as large.
_MOST_GROWTH = 8.0
_MOST_TIME = 15.0
_TRIES = 2
# What is faster than this is not worth a look, whatever the ratio.
_SHORT_S = 0.02


@dataclass
class Costs:
    """The worst ratios so far: time to that of an honest input, and bytes of memory per byte."""

    target: FuzzTarget
    measured: int = 0
    worst_time: float = 0.0
    worst_memory: float = 0.0
    _began_s: float = field(default_factory=time.monotonic)
    _spent_s: float = 0.0

    def measure(self, data: bytes) -> None:
        """Make some inputs large and read them.

        Raises: BrokenPromise if one takes too long or too much memory.
        """
        began_s = time.monotonic()
        is_wanted = self.target.honest is not None and data and crc32(data) % _ONE_IN == 0
        if is_wanted and self._spent_s <= _SHARE * (began_s - self._began_s):
            try:
                self.check(data)
            finally:
                self._spent_s += time.monotonic() - began_s

    def check(self, data: bytes) -> None:
        """Make an input large in some ways and read it.

        Raises: BrokenPromise.
        """
        if self.target.honest is not None and data:
            seed = crc32(data)
            for place in (seed // _ONE_IN, seed // 7):
                self._check([_enlarged(data, place, size) for size in _SIZES])

    def _check(self, enlarged: Sequence[bytes]) -> None:
        self.measured += 1
        large = enlarged[1]
        taken = (self._memory_bytes(large) - self._nothing_bytes) / len(large)
        self.worst_memory = max(self.worst_memory, taken)
        most = self.target.most_memory
        expect(taken < most, f"memory in proportion: {taken:.0f} bytes a byte{_shown(large)}")
        before_s = 0.0
        for large in enlarged:
            took_s = self._time_s(large)
            if took_s > _SHORT_S:  # else the clock is too coarse, and the machine may be busy
                took_s = min(took_s, *(self._time_s(large) for _ in range(_TRIES)))
                growth = took_s / max(before_s, _SHORT_S / 4)
                is_linear = growth < _MOST_GROWTH or not before_s or took_s < 4 * _SHORT_S
                text = f"{growth:.0f} times for 4 times the size{_shown(large)}"
                expect(is_linear, f"time in proportion: {text}")
            ratio = took_s / max(len(large), _SIZES[0]) / self._honest_s
            self.worst_time = max(self.worst_time, ratio)
            text = f"{ratio:.0f} times an honest input{_shown(large)}"
            expect(ratio < _MOST_TIME, f"time in proportion: {text}")
            if took_s > _LONG_S:
                break
            before_s = took_s

    @cached_property
    def _honest_s(self) -> float:
        """The time for a byte of an honest input."""
        data = self.target.honest(_SIZES[2]) if self.target.honest else b""
        took_s = min(self._time_s(data) for _ in range(_TRIES))
        return max(took_s, _SHORT_S) / len(data)

    @cached_property
    def _nothing_bytes(self) -> int:
        """The memory for an input of no bytes: some read into a buffer of a fixed size."""
        return self._memory_bytes(b"")

    def _time_s(self, data: bytes) -> float:
        began_s = time.thread_time()
        self.target.outcome(data)
        return time.thread_time() - began_s

    def _memory_bytes(self, data: bytes) -> int:
        tracemalloc.start()
        try:
            self.target.outcome(data)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def _shown(large: bytes) -> str:
    return f", for {len(large)} bytes: {large[:60]!r}…"


def _enlarged(data: bytes, seed: int, size: int) -> bytes:
    begin = seed % len(data)
    length = (1, 2, 3, 5, 8, 20, 60, len(data))[seed // len(data) % 8]
    part = data[begin : begin + length]
    return data[:begin] + part * max(1, size // len(part)) + data[begin + length :]
