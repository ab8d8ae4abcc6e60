"""The agent itself."""

import platform

from fructosa_exporter.sensors import Agent
from fructosa_service import __version__
from tests.exporter.machine import values


def test_the_agent_tells_what_it_is_and_what_it_costs():
    """Processor time, memory, and since when it runs."""
    found = values(Agent())

    assert found["build_info", __version__, platform.python_version()] == 1
    assert found["agent_cpu_seconds_total",] > 0
    assert found["agent_memory_resident_bytes",] > 1e6
    assert found["agent_start_time_seconds",] > 1e9
