"""The agent itself: its version and the resources it uses."""

import os
import sys
import time
from collections.abc import Iterator

from fructosa_exporter.kernel import is_in_the_past
from fructosa_exporter.metrics import Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor
from fructosa_service import __version__

# By the clock that nobody sets: the other one may have been wrong at boot.
_STARTED_SINCE_BOOT_S = time.clock_gettime(time.CLOCK_BOOTTIME)
# Smaller differences between the two clocks are no correction of the time.
_SET_BY_S = 1.0
_PYTHON = sys.version.split()[0]
_PAGE_BYTES = os.sysconf("SC_PAGESIZE")


class Agent(Sensor):
    """Version, CPU time and memory of the agent; always read.

    Source: times(2) and /proc/self/statm.
    """

    BUILD = info(
        "fructosa_build_info", "Version of the agent and of its Python.", "version", "python"
    )
    CPU = counter("fructosa_agent_cpu_seconds_total", "CPU time used by the agent.")
    MEMORY = gauge("fructosa_agent_memory_resident_bytes", "Resident memory of the agent.")
    START = gauge(
        "fructosa_agent_start_time_seconds",
        "Time when the agent started, in seconds since 1970 (UTC).",
        without_panel="counters that restart from 0 show a restart",
    )

    clock = staticmethod(time.time)
    _started_s = 0.0

    def samples(self) -> Iterator[Sample]:
        times = os.times()
        yield self.BUILD.sample(1, __version__, _PYTHON)
        yield self.CPU.sample(round(times.user + times.system, 2))
        yield self.MEMORY.sample(_resident_bytes())
        yield from self._start()

    def _start(self) -> Iterator[Sample]:
        now_s = self.clock()
        started_s = now_s - (time.clock_gettime(time.CLOCK_BOOTTIME) - _STARTED_SINCE_BOOT_S)
        if abs(started_s - self._started_s) > _SET_BY_S:
            self._started_s = round(started_s, 2)
        if is_in_the_past(self._started_s, now_s):
            yield self.START.sample(self._started_s)


def _resident_bytes() -> int:
    # Not through psutil's /proc, which [lagent] procfs may set to that of another machine.
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - half of what a Path costs
        return int(file.read().split()[1]) * _PAGE_BYTES
