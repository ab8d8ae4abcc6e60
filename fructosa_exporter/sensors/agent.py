"""The agent itself: what it is, and what it costs the node."""

import os
import sys
import time
from collections.abc import Iterator

from fructosa_exporter.metrics import Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor
from fructosa_service import __version__

_STARTED_S = round(time.time(), 2)
_PYTHON = sys.version.split()[0]
_PAGE_BYTES = os.sysconf("SC_PAGESIZE")


class Agent(Sensor):
    """The agent's version, processor time and memory; always read.

    Source: times(2) and /proc/self/statm.
    """

    BUILD = info(
        "fructosa_build_info", "Version of the agent and of its Python.", "version", "python"
    )
    CPU = counter("fructosa_agent_cpu_seconds_total", "Processor time the agent has used.")
    MEMORY = gauge("fructosa_agent_memory_resident_bytes", "Memory the agent holds.")
    START = gauge(
        "fructosa_agent_start_time_seconds",
        "When the agent started, in seconds since 1970 (UTC).",
    )

    def samples(self) -> Iterator[Sample]:
        times = os.times()
        yield self.BUILD.sample(1, __version__, _PYTHON)
        yield self.CPU.sample(round(times.user + times.system, 2))
        yield self.MEMORY.sample(_resident_bytes())
        yield self.START.sample(_STARTED_S)


def _resident_bytes() -> int:
    # Not where psutil looks: a recorded /proc of another machine knows nothing of this process.
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - half of what a Path costs
        return int(file.read().split()[1]) * _PAGE_BYTES
