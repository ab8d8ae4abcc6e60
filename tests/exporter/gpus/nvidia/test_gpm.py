"""GPM: which parts of GPUs work, out of two samples of each."""

import math

import pytest

from fructosa_exporter.errors import SensorUnavailable
from tests.nvml.driver import Instance, eight_gpus, eight_hoppers

GIB = 2**30
# NVML_GPM_METRIC_*, and what the sensor makes of each.
METRICS = {
    1: ("graphics_active_ratio",),
    2: ("sm_active_ratio",),
    3: ("sm_occupancy_ratio",),
    5: ("pipe_active_ratio", "tensor"),
    10: ("memory_bandwidth_ratio",),
    11: ("pipe_active_ratio", "fp64"),
    12: ("pipe_active_ratio", "fp32"),
    13: ("pipe_active_ratio", "fp16"),
}
SMALL = Instance(7, 0, "MIG-a", "1g.10gb", 10 * GIB, GIB)
HALVES = [Instance(9, number, f"MIG-{number}", "1c.3g.40gb", GIB, 0) for number in (0, 1)]
SAMPLES = "nvmlGpmSampleAlloc", "nvmlGpmSampleFree"


@pytest.fixture
def hoppers(node):
    """A node with eight GPUs like H100."""
    node.gpus[:] = eight_hoppers()
    node.says()
    return node


def reading(node):
    """Return what the sensor tells, of which reading after reading can be had."""
    sensor = node.sensor("GPUActivity")
    return lambda: node.told(sensor)


def of(gpu, told):
    """Return what was told of one GPU."""
    return {(key[0], *key[3:]): value for key, value in told.items() if key[1] == str(gpu)}


def samples(node):
    """Return how many samples NVML has made, and how many it got back."""
    return [node.calls(function) for function in SAMPLES]


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


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -1.0, 102.0, 1e308])
def test_what_is_no_share_gives_no_sample(hoppers, value):
    """Nor does what is not supported."""
    hoppers.gpus[3].activity[5] = value
    hoppers.says()
    told = of(3, reading(hoppers)())

    assert set(METRICS.values()) - {METRICS[5]} == told.keys()


def test_a_hair_above_all_is_all(hoppers):
    """Counters of time and of work are not read at the same time."""
    hoppers.gpus[3].activity[5] = 100.4
    hoppers.says()

    assert 1 == of(3, reading(hoppers)())["pipe_active_ratio", "tensor"]


def test_instances_of_mig_tell_their_own(hoppers):
    """By GPU instance, however many compute instances share it; others still tell the whole."""
    gpu = hoppers.gpus[1]
    gpu.is_divided(SMALL, *HALVES)
    gpu.instance_activity = {7: {2: 50.0, 5: 20.0}, 9: {2: 75.0}}
    hoppers.says()
    told = reading(hoppers)()

    assert {
        ("mig_sm_active_ratio", "7"): 0.5,
        ("mig_pipe_active_ratio", "7", "tensor"): 0.2,
        ("mig_sm_active_ratio", "9"): 0.75,
    } == of(1, told)
    assert ("sm_active_ratio",) in of(2, told)


def test_an_instance_that_is_made_anew_is_not_compared_with_the_old_one(hoppers):
    """It has the old one's number. What is gone gives its samples back."""
    gpu = hoppers.gpus[1]
    gpu.instance_activity = {7: {2: 50.0}}
    gpu.is_divided(SMALL)
    hoppers.says()
    read = reading(hoppers)
    assert {} != of(1, read())
    made, freed = samples(hoppers)

    gpu.is_divided(SMALL._replace(uuid="MIG-b"))
    hoppers.says()

    assert {} == of(1, read())
    assert [made + 2, freed + 2] == samples(hoppers)
    assert {("mig_sm_active_ratio", "7"): 0.5} == of(1, read())


@pytest.mark.parametrize("function", ["nvmlGpmSampleGet", "nvmlGpmMetricsGet"])
@pytest.mark.parametrize("code", [2, 3, 4, 999])
def test_a_refusal_costs_that_gpu_this_reading_alone(hoppers, function, code):
    """The next one tells what happened since the last sample that there is."""
    read = reading(hoppers)
    read()
    hoppers.gpus[6].fails[function] = code
    hoppers.says()
    assert [{}, True] == [of(6, read()), bool(of(5, read()))]

    del hoppers.gpus[6].fails[function]
    hoppers.says()

    assert of(6, read())


@pytest.mark.parametrize("function", ["*", "nvmlGpmSampleGet", "nvmlGpmMetricsGet"])
def test_a_gpu_that_is_lost_does_not_hide_the_others(hoppers, function):
    """Whichever call tells it first."""
    read = reading(hoppers)
    read()
    hoppers.gpus[2].fails[function] = 15
    hoppers.says()

    assert set("0134567") == {key[1] for key in read()}


def test_a_driver_that_comes_back_is_asked_with_new_samples(hoppers):
    """Those of before were given back while that was possible."""
    read = reading(hoppers)
    read()
    made, freed = samples(hoppers)
    hoppers.gpus[2].loses_contact()
    hoppers.says()
    read()
    del hoppers.gpus[2].fails["*"]
    hoppers.says()
    hoppers.later()

    assert set("01234567") == {key[1] for key in read()}
    assert [made + 16, freed + 16] == samples(hoppers)
