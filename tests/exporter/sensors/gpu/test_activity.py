"""Which parts of GPUs work, and how long the sensor waits to know."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from tests.exporter.gpus.hoppers import METRICS, of, reading, samples
from tests.nvml.driver import eight_gpus, eight_hoppers


def test_the_first_reading_has_all_that_hoppers_tell(hoppers):
    """As ratios: who reads once gets an answer too."""
    told = reading(hoppers)()

    for index, gpu in enumerate(hoppers.gpus):
        expected = {quantity: gpu.activity[metric] / 100 for metric, quantity in METRICS.items()}
        assert pytest.approx(expected) == of(index, told)


@pytest.mark.parametrize("function", ["nvmlGpmSampleGet", "nvmlGpmMetricsGet"])
def test_a_driver_that_refuses_all_is_not_asked_twice(hoppers, function):
    """It would be at each reading."""
    read = reading(hoppers)
    read()
    hoppers.says(fails={function: 3})
    before = hoppers.calls("nvmlGpmSampleGet")

    with pytest.raises(SensorUnavailable):
        read()
    assert 8 == hoppers.calls("nvmlGpmSampleGet") - before


def test_only_the_first_reading_asks_twice(hoppers):
    """Later ones compare with the sample of the one before; no more samples are made."""
    read = reading(hoppers)
    before = hoppers.calls("nvmlGpmSampleGet")
    read()
    made = samples(hoppers)
    read(), read()

    assert (2 + 1 + 1) * 8 == hoppers.calls("nvmlGpmSampleGet") - before
    assert made == samples(hoppers)


def test_samples_are_a_while_apart(hoppers):
    """NVML has no newer one before; the sensor waits for what is left of it, and no longer."""
    sensor, waited_s = hoppers.sensor("GPUActivity"), []
    sensor.pause, sensor.clock = waited_s.append, hoppers.clock
    hoppers.told(sensor)
    hoppers.later(0.05)
    hoppers.told(sensor)
    hoppers.later(10)
    hoppers.told(sensor)

    assert pytest.approx([0.15, 0.1]) == waited_s


def test_older_gpus_tell_nothing_of_it(node):
    """And are not asked twice for that."""
    sensor, waited_s = node.sensor("GPUActivity"), []
    sensor.pause = waited_s.append

    with pytest.raises(SensorUnavailable, match="tell nothing of it"):
        node.told(sensor)
    assert [] == waited_s


def test_one_that_is_newer_than_the_others_tells_it_alone(node):
    """As in a workstation that was extended."""
    node.gpus[:] = [*eight_gpus()[:7], eight_hoppers()[7]]
    node.says()

    assert {"7"} == {key[1] for key in reading(node)()}
