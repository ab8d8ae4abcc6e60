"""GPM: the activity of GPUs between two samples."""

import math

import pytest

from tests.exporter.gpus.hoppers import METRICS, reader, samples, values_of
from tests.nvml.driver import Instance

GIB = 2**30


SMALL = Instance(7, 0, "MIG-a", "1g.10gb", 10 * GIB, GIB)


HALVES = [Instance(9, number, f"MIG-{number}", "1c.3g.40gb", GIB, 0) for number in (0, 1)]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -1.0, 102.0, 1e308])
def test_an_invalid_percentage_has_no_sample(hoppers, value):
    """Neither has an unsupported metric."""
    hoppers.gpus[3].activity[5] = value
    hoppers.update_driver()
    found = values_of(3, reader(hoppers)())

    assert set(METRICS.values()) - {METRICS[5]} == found.keys()


def test_slightly_more_than_100_percent_is_1(hoppers):
    """Counters of time and of work are not read at the same time."""
    hoppers.gpus[3].activity[5] = 100.4
    hoppers.update_driver()

    assert 1 == values_of(3, reader(hoppers)())["pipe_active_ratio", "tensor"]


def test_mig_instances_have_their_own_values(hoppers):
    """By GPU instance, however many compute instances share it; other GPUs are not affected."""
    gpu = hoppers.gpus[1]
    gpu.is_divided(SMALL, *HALVES)
    gpu.instance_activity = {7: {2: 50.0, 5: 20.0}, 9: {2: 75.0}}
    hoppers.update_driver()
    found = reader(hoppers)()

    assert {
        ("mig_sm_active_ratio", "7"): 0.5,
        ("mig_pipe_active_ratio", "7", "tensor"): 0.2,
        ("mig_sm_active_ratio", "9"): 0.75,
    } == values_of(1, found)
    assert ("sm_active_ratio",) in values_of(2, found)


def test_a_recreated_instance_is_not_compared_with_the_old_one(hoppers):
    """Although it has the same id; the samples of the old one are freed."""
    gpu = hoppers.gpus[1]
    gpu.instance_activity = {7: {2: 50.0}}
    gpu.is_divided(SMALL)
    hoppers.update_driver()
    read = reader(hoppers)
    assert {} != values_of(1, read())
    made, freed = samples(hoppers)

    gpu.is_divided(SMALL._replace(uuid="MIG-b"))
    hoppers.update_driver()

    assert {} == values_of(1, read())
    assert [made + 2, freed + 2] == samples(hoppers)
    assert {("mig_sm_active_ratio", "7"): 0.5} == values_of(1, read())


@pytest.mark.parametrize("function", ["nvmlGpmSampleGet", "nvmlGpmMetricsGet"])
@pytest.mark.parametrize("code", [2, 3, 4, 999])
def test_a_failure_costs_only_this_reading_of_the_gpu(hoppers, function, code):
    """The next one covers the time since the last sample."""
    read = reader(hoppers)
    read()
    hoppers.gpus[6].fails[function] = code
    hoppers.update_driver()
    assert [{}, True] == [values_of(6, read()), bool(values_of(5, read()))]

    del hoppers.gpus[6].fails[function]
    hoppers.update_driver()

    assert values_of(6, read())


@pytest.mark.parametrize("function", ["*", "nvmlGpmSampleGet", "nvmlGpmMetricsGet"])
def test_a_gpu_that_is_lost_does_not_hide_the_others(hoppers, function):
    """Whichever call fails first."""
    read = reader(hoppers)
    read()
    hoppers.gpus[2].fails[function] = 15
    hoppers.update_driver()

    assert set("0134567") == {key[1] for key in read()}


def test_a_reopened_library_has_new_samples(hoppers):
    """The old ones were freed while that was possible."""
    read = reader(hoppers)
    read()
    made, freed = samples(hoppers)
    hoppers.gpus[2].loses_contact()
    hoppers.update_driver()
    read()
    del hoppers.gpus[2].fails["*"]
    hoppers.update_driver()
    hoppers.advance()

    assert set("01234567") == {key[1] for key in read()}
    assert [made + 16, freed + 16] == samples(hoppers)
