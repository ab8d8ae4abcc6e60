"""What the sensors of GPUs share."""

import re
from pathlib import Path

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import DriverError
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor, gpu_metric
from tests.exporter.machine import values


class GPUHeat(GPUSensor):
    """Heat."""

    QUANTITIES = {
        "heat": gpu_metric("heat_celsius", "Heat."),
        "fan": gpu_metric("fan_speed", "Fans.", "fan"),
    }

    def query(self, gpu):
        """Return what the GPU of a test holds."""
        return gpu


class Machine:
    """Has GPUs, each of which is its answer, by index."""

    def __init__(self, *gpus):
        self.gpus = list(gpus)

    def query_each(self, name, query):
        """Return what each GPU answers."""
        return [((str(index), f"GPU-{index}"), query(gpu)) for index, gpu in enumerate(self.gpus)]


def test_each_gpu_has_its_index_and_uuid_as_labels():
    """Then those of the quantity; values may come with quantities, or apart from them."""
    machine = Machine(
        {("heat",): 40, ("fan", "0"): 1}, [((("heat",),), [50]), ((("fan", "1"),), [2])]
    )

    assert {
        ("gpu_heat_celsius", "0", "GPU-0"): 40,
        ("gpu_fan_speed", "0", "GPU-0", "0"): 1,
        ("gpu_heat_celsius", "1", "GPU-1"): 50,
        ("gpu_fan_speed", "1", "GPU-1", "1"): 2,
    } == values(GPUHeat(read=machine))


def test_series_are_kept_while_gpus_tell_the_same():
    """And made anew when a GPU or a quantity comes or goes."""
    machine = Machine({("heat",): 40})
    sensor = GPUHeat(read=machine)
    ((first, _),) = sensor.samples()
    machine.gpus = [{("heat",): 41}]
    ((second, numbers),) = sensor.samples()
    machine.gpus = [{("heat",): 42}, {("fan", "0"): 1}]

    assert first is second
    assert [41] == numbers
    assert 2 == len(values(sensor))


def test_gpus_that_tell_nothing_of_it_are_no_failure():
    """As cards without fans."""
    with pytest.raises(SensorUnavailable, match="tell nothing of it"):
        values(GPUHeat(read=Machine({}, {})))


def test_gpus_of_which_none_answers_are_a_failure():
    """All were lost."""
    with pytest.raises(DriverError, match="no GPU answers"):
        values(GPUHeat(read=Machine()))


def test_no_sensor_of_gpus_is_forgotten_here():
    """All are compared with what the driver says; fans and GPM have tests of their own."""
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))

    compared = set(re.findall(r'assert_told\(node, "(\w+)"', tests))

    assert compared | {"GPUFans", "GPUActivity"} == {
        name for name, sensor in SENSORS.items() if issubclass(sensor, GPUSensor)
    }
