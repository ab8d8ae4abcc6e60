"""The sensor Agent."""

import platform

from fructosa_exporter.sensors import Agent
from fructosa_service import __version__
from tests.exporter.machine import values


def test_the_agent_exposes_its_version_and_resources():
    """CPU time, memory and start time."""
    found = values(Agent())

    assert found["build_info", __version__, platform.python_version()] == 1
    assert found["agent_cpu_seconds_total",] > 0
    assert found["agent_memory_resident_bytes",] > 1e6
    assert found["agent_start_time_seconds",] > 1e9
