"""Calls that are slow, and calls that never come back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fructosa_exporter.collect.collector import collect_now
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.gpus.driver_lock import DriverHangs
from fructosa_exporter.sensors import SENSORS
from tests.integration.processes import wait_until

from ..node import GPU_SENSORS


class Hanging:
    """A driver that hangs in a call, made by a sensor in another thread."""

    def __init__(self, node, function, sensor, gpu=3):
        self._node, self._rules = node, node.gpus[gpu].hangs
        self._rules.add(function)
        node.says()
        self._pool = ThreadPoolExecutor(1)
        self.answer = self._pool.submit(node.values, sensor)
        wait_until(self._hangs, lambda: "the driver to hang")

    def _hangs(self):
        self._node.later(1)  # so that who asks need not wait
        try:
            self._node.values("GPUMemory")
        except DriverHangs:
            return True
        return False

    def __enter__(self):
        return self

    def goes_on(self):
        """Let the call come back; return what the sensor told."""
        self._rules.clear()
        self._node.says()
        return self.answer.result(30)

    def __exit__(self, *_):
        self._rules.clear()
        self._node.says()
        self._pool.shutdown()


def test_while_a_call_hangs_others_fail_with_the_reason(node):
    """At once: nobody joins who waits."""
    node.up()

    with Hanging(node, "nvmlDeviceGetPowerUsage", "GPUPower") as hanging:
        for name in set(GPU_SENSORS) - {"GPUPower"}:
            with pytest.raises(DriverHangs, match=r"^GPUPower has waited for the driver for \d"):
                node.values(name)
        assert not hanging.answer.done()


def test_a_call_that_comes_back_late_is_answered(node):
    """And all others are, from then on."""
    node.up()

    with Hanging(node, "nvmlDeviceGetPowerUsage", "GPUPower") as hanging:
        told = hanging.goes_on()

    assert 24 == len(told)
    assert told == node.values("GPUPower")
    assert [list("01234567"), []] == node.up()


def test_a_library_that_hangs_while_it_is_opened_is_one_that_hangs(node):
    """As a GPU that is broken makes it."""
    node.driver.hangs.add("nvmlInitWithFlags")

    with Hanging(node, "nvmlDeviceGetUUID", "GPUInfo"):
        with pytest.raises(DriverHangs, match=r"^GPUInfo has waited"):
            node.values("GPUPower")
        node.driver.hangs.clear()
        node.says()


def test_a_slow_driver_is_waited_for(node):
    """Eight GPUs, each a few milliseconds late."""
    node.driver.delays_ms["nvmlDeviceGetPowerUsage"] = 5
    node.says()

    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(node.values, ["GPUPower", "GPUClocks", "GPUPower"]))

    assert told[0] == told[2]
    assert all(told)


def test_a_hung_call_costs_a_page_one_thread_and_no_other_sensor(node):
    """The sensor is stuck as any other; the next page has all that is not the driver's."""
    node.up()
    threads = threading.active_count()
    readers = [SensorReader(SENSORS["LoadAverage"]())]
    with Hanging(node, "nvmlDeviceGetPowerUsage", "GPUPower"):
        readers += [SensorReader(node.sensor(name)) for name in GPU_SENSORS if name != "GPUPower"]
        states = {state.sensor.name: state for state in collect_now(readers)}
        alive = threading.active_count()

    assert states.pop("LoadAverage").is_success
    assert {False} == {state.is_success for state in states.values()}
    assert all("GPUPower has waited" in state.reading.error for state in states.values())
    assert alive <= threads + 2  # the one that hangs, and the crew's own
