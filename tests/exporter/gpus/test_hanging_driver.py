"""Slow and hanging calls of the driver: one sensor hangs, all others are served."""

import re
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fructosa_exporter.collect.collector import collect_now
from fructosa_exporter.collect.sensor_reader import HAS_HUNG, SensorReader
from fructosa_exporter.gpus.driver_lock import HANGS, DriverHangs
from fructosa_exporter.sensors import SENSORS
from tests.exporter.gpus.node import GPU_SENSORS
from tests.integration.processes import Agent, wait_until
from tests.nvml.driver import FakeDriver


def hangs_in(sensor):
    """Return a pattern of the message that the driver hangs in a *sensor*, however long."""
    return re.escape(HANGS.format(sensor=sensor, waited_s=0)).replace(r"0\.0", r"\d+\.\d")


class Hanging:
    """A driver that hangs in a call made by a sensor in another thread."""

    def __init__(self, node, function, sensor, gpu=3):
        self._node, self._rules = node, node.gpus[gpu].hangs
        self._rules.add(function)
        node.update_driver()
        self._pool = ThreadPoolExecutor(1)
        self.answer = self._pool.submit(node.values, sensor)
        wait_until(self._hangs, lambda: "the driver to hang")

    def _hangs(self):
        self._node.advance(1)  # so that the next sensor need not wait
        try:
            self._node.values("GPUMemory")
        except DriverHangs:
            return True
        return False

    def __enter__(self):
        return self

    def resume(self):
        """Let the call return; return the values of the sensor."""
        self._rules.clear()
        self._node.update_driver()
        return self.answer.result(30)

    def __exit__(self, *_):
        self._rules.clear()
        self._node.update_driver()
        self._pool.shutdown()


def test_while_a_call_hangs_other_sensors_fail_with_the_reason(node):
    """They do so at once, without waiting."""
    node.up()

    with Hanging(node, "nvmlDeviceGetPowerUsage", "GPUPower") as hanging:
        for name in set(GPU_SENSORS) - {"GPUPower"}:
            with pytest.raises(DriverHangs, match=hangs_in("GPUPower")):
                node.values(name)
        assert not hanging.answer.done()


def test_a_call_that_returns_late_has_values(node):
    """So have all others from then on."""
    node.up()

    with Hanging(node, "nvmlDeviceGetPowerUsage", "GPUPower") as hanging:
        found = hanging.resume()

    assert 24 == len(found)
    assert found == node.values("GPUPower")
    assert [list("01234567"), []] == node.up()


def test_a_library_that_hangs_while_it_is_opened_blocks_other_sensors(node):
    """As with a broken GPU."""
    node.driver.hangs.add("nvmlInitWithFlags")

    with Hanging(node, "nvmlDeviceGetUUID", "GPUInfo"):
        with pytest.raises(DriverHangs, match=hangs_in("GPUInfo")):
            node.values("GPUPower")
        node.driver.hangs.clear()
        node.update_driver()


def test_a_slow_driver_is_waited_for(node):
    """Eight GPUs, each a few milliseconds late."""
    node.driver.delays_ms["nvmlDeviceGetPowerUsage"] = 5
    node.update_driver()

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(node.values, ["GPUPower", "GPUClocks", "GPUPower"]))

    assert found[0] == found[2]
    assert all(found)


def test_a_hanging_call_blocks_one_thread_and_no_other_sensor(node):
    """The sensor hangs as any other; the next page has all samples that do not need the driver."""
    node.up()
    threads = threading.active_count()
    readers = [SensorReader(SENSORS["LoadAverage"]())]
    with Hanging(node, "nvmlDeviceGetPowerUsage", "GPUPower"):
        readers += [SensorReader(node.sensor(name)) for name in GPU_SENSORS if name != "GPUPower"]
        states = {state.sensor.name: state for state in collect_now(readers)}
        alive = threading.active_count()

    assert states.pop("LoadAverage").is_success
    assert {False} == {state.is_success for state in states.values()}
    assert all(re.search(hangs_in("GPUPower"), state.reading.error) for state in states.values())
    assert alive <= threads + 2  # the one that hangs, and that of the pool


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
    """A fake driver for programs started from now on."""
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
    """Request a page; return the sensors that succeeded."""
    with urllib.request.urlopen(agent.url, timeout=30) as answer:
        page = answer.read().decode()
    pairs = re.findall(r'^fructosa_sensor_success{sensor="(\w+)"} (\d)', page, re.MULTILINE)
    return {name for name, is_success in pairs if is_success == "1"}


def threads(agent):
    """Return the number of threads of the agent."""
    return len(list(Path(f"/proc/{agent.process.pid}/task").iterdir()))


def test_a_hanging_driver_costs_only_its_sensors(driver, agent):
    """One thread waits for it, however many pages are requested; it may recover."""
    every = {"LoadAverage", "GPUPower", "GPUClocks", "GPUInfo"}
    assert every == successes(agent) & every
    before = threads(agent)

    driver.hangs.add("nvmlDeviceGetPowerUsage")
    driver.write()
    for _ in range(3):
        assert {"LoadAverage"} == successes(agent) & every
    wait_until(lambda: threads(agent) <= before + 1, lambda: f"{threads(agent)} threads to end")
    assert HAS_HUNG % ("GPUPower", 0.1) in agent.text()
    assert re.search(hangs_in("GPUPower"), agent.text())

    driver.hangs.clear()
    driver.write()
    wait_until(lambda: every == successes(agent) & every, agent.text)
    assert driver.calls()["nvmlInitWithFlags"].calls == 1
