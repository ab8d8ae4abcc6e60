"""An agent whose driver hangs: one sensor is stuck, and all else is served."""

import re
import urllib.request
from pathlib import Path

import pytest

from tests.integration.processes import Agent, wait_until
from tests.nvml.driver import FakeDriver

CONFIG = """
[sensor:LoadAverage]
time_interval = 0
[sensor:GPUPower]
time_interval = 0
deadline = 0.1
[sensor:GPUClocks]
time_interval = 0
[sensor:GPUInfo]
time_interval = 0
"""


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A driver that programs find from now on."""
    driver = FakeDriver(tmp_path)
    for name, value in driver.environment.items():
        monkeypatch.setenv(name, value)
    return driver


@pytest.fixture
def agent(driver, tmp_path):
    """An agent with few sensors."""
    config = tmp_path / "lagent.conf"
    config.write_text(CONFIG)
    with Agent(tmp_path, "--config", config) as agent:
        yield agent


def successes(agent):
    """Ask for a page; return which sensors worked."""
    with urllib.request.urlopen(agent.url, timeout=30) as answer:
        page = answer.read().decode()
    pairs = re.findall(r'^fructosa_sensor_success{sensor="(\w+)"} (\d)', page, re.MULTILINE)
    return {name for name, is_success in pairs if is_success == "1"}


def threads(agent):
    """Return how many threads the agent has."""
    return len(list(Path(f"/proc/{agent.process.pid}/task").iterdir()))


def test_a_driver_that_hangs_costs_only_what_asks_it(driver, agent):
    """One thread waits for it, however many pages are asked for; it may come back."""
    every = {"LoadAverage", "GPUPower", "GPUClocks", "GPUInfo"}
    assert every == successes(agent) & every
    before = threads(agent)

    driver.hangs.add("nvmlDeviceGetPowerUsage")
    driver.write()
    for _ in range(3):
        assert {"LoadAverage"} == successes(agent) & every
    wait_until(lambda: threads(agent) <= before + 1, lambda: f"{threads(agent)} threads to end")
    assert "sensor GPUPower has hung" in agent.text()
    assert "GPUPower has waited for the driver" in agent.text()

    driver.hangs.clear()
    driver.write()
    wait_until(lambda: every == successes(agent) & every, agent.text)
    assert driver.calls()["nvmlInitWithFlags"].calls == 1
