"""The base class of the sensors of GPUs."""

import re
from pathlib import Path

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import DriverError
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.gpu_sensor import NOTHING_SUPPORTED, GPUSensor, gpu_metric
from tests.exporter.machine import values


class GPUHeat(GPUSensor):
    """A sensor of GPUs."""

    QUANTITIES = {
        "heat": gpu_metric("heat_celsius", "Heat."),
        "fan": gpu_metric("fan_speed", "Fans.", "fan"),
    }

    def query(self, gpu):
        """Return the values of the GPU."""
        return gpu


class Machine:
    """Has GPUs, each of which is a mapping of its values."""

    def __init__(self, *gpus):
        self.gpus = list(gpus)

    def query_each(self, name, query):
        """Return the values of each GPU."""
        return [((str(index), f"GPU-{index}"), query(gpu)) for index, gpu in enumerate(self.gpus)]


def test_each_gpu_has_its_index_and_uuid_as_labels():
    """Followed by those of the quantity; values may be a mapping or columns."""
    machine = Machine(
        {("heat",): 40, ("fan", "0"): 1}, [((("heat",),), [50]), ((("fan", "1"),), [2])]
    )

    assert {
        ("gpu_heat_celsius", "0", "GPU-0"): 40,
        ("gpu_fan_speed", "0", "GPU-0", "0"): 1,
        ("gpu_heat_celsius", "1", "GPU-1"): 50,
        ("gpu_fan_speed", "1", "GPU-1", "1"): 2,
    } == values(GPUHeat(read=machine))


def test_keys_are_cached_while_the_quantities_stay_the_same():
    """They are created again if a GPU or a quantity is added or removed."""
    machine = Machine({("heat",): 40})
    sensor = GPUHeat(read=machine)
    ((first, _),) = sensor.samples()
    machine.gpus = [{("heat",): 41}]
    ((second, numbers),) = sensor.samples()
    machine.gpus = [{("heat",): 42}, {("fan", "0"): 1}]

    assert first is second
    assert [41] == numbers
    assert 2 == len(values(sensor))


def test_the_sensor_is_unavailable_without_supported_quantities():
    """As with cards without fans."""
    with pytest.raises(SensorUnavailable, match=NOTHING_SUPPORTED):
        values(GPUHeat(read=Machine({}, {})))


def test_the_sensor_fails_if_no_gpu_responds():
    """All GPUs were lost."""
    with pytest.raises(DriverError, match="no GPU responds"):
        values(GPUHeat(read=Machine()))


def test_each_sensor_of_gpus_is_compared_with_the_driver():
    """Except those of fans and GPM, which have other tests."""
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))

    compared = set(re.findall(r'assert_exposed\(node, "(\w+)"', tests))

    assert compared | {"GPUFans", "GPUActivity"} == {
        name for name, sensor in SENSORS.items() if issubclass(sensor, GPUSensor)
    }
