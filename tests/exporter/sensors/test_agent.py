"""The sensor Agent."""

import platform
import time

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


def test_the_start_time_follows_the_clock_when_that_is_set():
    """Not when it is corrected a little; a clock that is decades behind has none."""
    agent = Agent()
    started_s = values(agent)["agent_start_time_seconds",]

    agent.clock = lambda: time.time() + 0.1
    assert started_s == values(agent)["agent_start_time_seconds",]
    agent.clock = lambda: time.time() + 1e6
    assert abs(started_s + 1e6 - values(agent)["agent_start_time_seconds",]) < 1
    agent.clock = lambda: 1e6
    assert ("agent_start_time_seconds",) not in values(agent)
