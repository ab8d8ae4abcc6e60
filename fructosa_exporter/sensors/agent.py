"""The agent itself: what it is, and what it costs the node."""

import platform
from collections.abc import Iterator

import psutil

from fructosa_exporter.metrics import Sample, counter, gauge, info
from fructosa_exporter.sensor import Sensor
from fructosa_service import __version__


class Agent(Sensor):
    """The agent's version, processor time and memory; always read.

    Source: psutil.Process(), i.e. /proc/self/stat.
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

    read = staticmethod(psutil.Process)

    def samples(self) -> Iterator[Sample]:
        process = self.read()
        with process.oneshot():
            times = process.cpu_times()
            yield self.BUILD.sample(1, __version__, platform.python_version())
            yield self.CPU.sample(times.user + times.system)
            yield self.MEMORY.sample(process.memory_info().rss)
            yield self.START.sample(process.create_time())
