"""The sensor GPUActivity."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.gpu.gpu_sensor import NOTHING_SUPPORTED
from tests.exporter.gpus.hoppers import METRICS, reader, samples, values_of
from tests.nvml.driver import eight_gpus, eight_hoppers


def test_the_first_reading_has_all_values(hoppers):
    """As ratios: even a single reading gets values."""
    found = reader(hoppers)()

    for index, gpu in enumerate(hoppers.gpus):
        expected = {quantity: gpu.activity[metric] / 100 for metric, quantity in METRICS.items()}
        assert pytest.approx(expected) == values_of(index, found)


@pytest.mark.parametrize("function", ["nvmlGpmSampleGet", "nvmlGpmMetricsGet"])
def test_a_driver_that_fails_is_not_queried_twice(hoppers, function):
    """Otherwise it would be at each reading."""
    read = reader(hoppers)
    read()
    hoppers.update_driver(fails={function: 3})
    before = hoppers.calls("nvmlGpmSampleGet")

    with pytest.raises(SensorUnavailable):
        read()
    assert 8 == hoppers.calls("nvmlGpmSampleGet") - before


def test_only_the_first_reading_queries_twice(hoppers):
    """Later ones compare with the sample of the previous one; no more samples are allocated."""
    read = reader(hoppers)
    before = hoppers.calls("nvmlGpmSampleGet")
    read()
    made = samples(hoppers)
    read(), read()

    assert (2 + 1 + 1) * 8 == hoppers.calls("nvmlGpmSampleGet") - before
    assert made == samples(hoppers)


def test_samples_are_at_least_150_ms_apart(hoppers):
    """NVML has no new one before; the sensor waits only for the rest of the time."""
    sensor, waited_s = hoppers.sensor("GPUActivity"), []
    sensor.sleep, sensor.clock = waited_s.append, hoppers.clock
    hoppers.read(sensor)
    hoppers.advance(0.05)
    hoppers.read(sensor)
    hoppers.advance(10)
    hoppers.read(sensor)

    assert pytest.approx([0.15, 0.1]) == waited_s


def test_the_sensor_is_unavailable_on_older_gpus(node):
    """They are not queried twice."""
    sensor, waited_s = node.sensor("GPUActivity"), []
    sensor.sleep = waited_s.append

    with pytest.raises(SensorUnavailable, match=NOTHING_SUPPORTED):
        node.read(sensor)
    assert [] == waited_s


def test_only_the_newer_of_different_gpus_has_values(node):
    """As in a workstation that was upgraded."""
    node.gpus[:] = [*eight_gpus()[:7], eight_hoppers()[7]]
    node.update_driver()

    assert {"7"} == {key[1] for key in reader(node)()}
