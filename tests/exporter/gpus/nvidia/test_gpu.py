"""A GPU of NVIDIA: unsupported values have no sample, which is not zero."""

from contextlib import suppress

import pytest

from fructosa_exporter.errors import SensorUnavailable
from tests.exporter.gpus.node import GPU_SENSORS
from tests.nvml.driver import Instance, eight_hoppers

ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1


# Each function, and the samples that are missing if it fails.
SAMPLES = {
    "UtilizationRates": ("GPUUtilization", ["utilization_ratio", "memory_busy_ratio"]),
    "BAR1MemoryInfo": ("GPUMemory", ["bar1_total_bytes", "bar1_used_bytes"]),
    "Temperature": ("GPUTemperature", ["temperature_celsius"]),
    "MarginTemperature": ("GPUTemperature", ["temperature_margin_celsius"]),
    "PowerUsage": ("GPUPower", ["power_watts"]),
    "EnforcedPowerLimit": ("GPUPower", ["power_limit_watts"]),
    "PerformanceState": ("GPUClocks", ["performance_state"]),
    "CurrPcieLinkWidth": ("GPUPcie", ["pcie_link_lanes"]),
    "EccMode": ("GPUErrors", ["ecc_enabled"]),
    "MigMode": ("GPUInfo", ["mig_enabled"]),
}


# Functions that return a single number; -1 degree is a valid margin.
NUMBERS = sorted(SAMPLES.keys() - {"BAR1MemoryInfo", "EccMode", "MigMode", "MarginTemperature"})


FIELDS = {
    82: ("GPUTemperature", ["memory_temperature_celsius"]),
    94: ("GPUPcie", ["pcie_replays_total"]),
    230: ("GPUErrors", ["recovery_action"]),
    31: ("GPUErrors", ["retired_pages_pending"]),
}


def names(found):
    """Return the names of the metrics."""
    return {name for name, *_ in found}


@pytest.mark.parametrize("code", [3, 4, 13, 999])
@pytest.mark.parametrize("function", SAMPLES)
def test_a_call_that_fails_costs_only_its_samples(node, function, code):
    """Not supported, no permission, an old driver, an unknown error; other values and GPUs stay."""
    sensor, missing = SAMPLES[function]
    before = names(node.values_of(6, sensor))
    node.gpus[6].fails[f"nvmlDeviceGet{function}"] = code
    node.update_driver()

    assert before - set(missing) == names(node.values_of(6, sensor))
    assert before == names(node.values_of(5, sensor))


@pytest.mark.parametrize("sentinel", [ALL_ONES_32, 2**31 - 1])
@pytest.mark.parametrize("function", NUMBERS)
def test_a_missing_number_has_no_sample(node, function, sentinel):
    """Neither 4294967295 degrees nor 4294967.295 W."""
    sensor, missing = SAMPLES[function]
    before = names(node.values_of(6, sensor))
    answers = node.gpus[6].answers
    answers |= {key: sentinel for key in answers if key[0] == f"nvmlDeviceGet{function}"}
    node.update_driver()

    assert before - set(missing) == names(node.values_of(6, sensor))


@pytest.mark.parametrize("value", [None, ALL_ONES_32])
@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_has_no_sample(node, field, value):
    """It is not supported, or has all bits set."""
    sensor, missing = FIELDS[field]
    before = names(node.values_of(6, sensor))
    node.gpus[6].fields[field, 0] = value
    node.update_driver()

    assert before - set(missing) == names(node.values_of(6, sensor))


@pytest.mark.parametrize("name", sorted(set(GPU_SENSORS) - {"GPUInfo"}))
def test_a_gpu_that_supports_nothing_has_no_samples(node, name):
    """It is up; the others have all their samples."""
    node.gpus[:] = eight_hoppers()
    gpu = node.gpus[3]
    gpu.answers.clear(), gpu.fields.clear(), gpu.activity.clear()
    gpu.fails |= {"nvmlDeviceRegisterEvents": 3, "nvmlDeviceGetComputeRunningProcesses_v3": 3}
    gpu.fails |= {"nvmlDeviceGetGraphicsRunningProcesses_v3": 3}
    node.gpus[4].answers["nvmlDeviceGetNumFans", 0] = 1
    node.gpus[4].answers["nvmlDeviceGetFanSpeed_v2", 0] = 50
    node.update_driver()

    assert {} == node.values_of(3, name)
    assert {} != node.values_of(4, name)
    assert [["0", "1", "2", "3", "4", "5", "6", "7"], []] == node.up()


def test_handles_are_cached(node):
    """A library that works is opened once, however often it is queried."""
    node.gpus[:] = eight_hoppers()
    node.update_driver()
    node.up()
    functions = ["nvmlInitWithFlags", "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetName"]
    before = [node.calls(function) for function in functions]

    for name in GPU_SENSORS:
        if name != "GPUFans":
            node.advance()
            node.values(name)

    assert before == [node.calls(function) for function in functions]


IN_USE, NOT_SUPPORTED = 19, 3


def told(node, gpu):
    """Return the series of all sensors of a GPU."""
    series = set()
    for name in GPU_SENSORS:
        with suppress(SensorUnavailable):
            series |= {(name, *key) for key in node.values_of(gpu, name)}
    return series


def opened(node):
    """Let lagent open the library before the GPU is in trouble."""
    node.gpus[:] = eight_hoppers()
    for gpu in node.gpus:
        gpu.answers["nvmlDeviceGetNumFans", 0] = 1
        gpu.answers["nvmlDeviceGetFanSpeed_v2", 0] = 50
    node.gpus[4].bus_id = node.gpus[3].bus_id  # a twin, for comparison
    node.update_driver()
    node.powered()
    return node.gpus[3]


def all_told(node):
    """Check that a GPU has all series of its twin; activity has none at the first reading."""
    node.values("GPUActivity")
    complete = told(node, 4)

    assert len(complete) > 150
    assert complete == told(node, 3)


def test_a_gpu_that_was_busy_at_first_has_all_values_at_the_next_reading(node):
    """As while another program sets it up: each call, and each field value, failed."""
    gpu = opened(node)
    gpu.fails |= {"*": IN_USE, "field": IN_USE}
    node.update_driver()
    assert not [key for key in told(node, 3) if key[1] not in ("up", "info")]

    gpu.fails.clear()
    node.update_driver()

    all_told(node)


@pytest.mark.parametrize("trouble", [{"field": IN_USE}, {"field": 999}, {"nvmlGpmSampleAlloc": 20}])
def test_a_part_that_failed_at_first_comes_at_the_next_reading(node, trouble):
    """The values of fields, and the memory for samples of activity, which is not the GPU's."""
    gpu = opened(node)
    (node.driver if "nvmlGpmSampleAlloc" in trouble else gpu).fails |= trouble
    node.update_driver()
    before = told(node, 3)
    gpu.fails.clear()
    node.update_driver(fails={})

    all_told(node)

    assert before < told(node, 3)


def test_what_a_gpu_did_not_support_at_first_is_asked_again_within_a_minute(node):
    """Functions and fields, its number of links, and the collection of Xids; not before."""
    gpu = opened(node)
    gpu.fails |= {"*": NOT_SUPPORTED, "field": NOT_SUPPORTED}
    node.update_driver()
    told(node, 3)
    gpu.fails.clear()
    node.update_driver()
    constant = "nvmlDeviceGetTemperatureThreshold"
    before = node.calls(constant)
    node.values_of(3, "GPUTemperature")
    assert before == node.calls(constant)

    node.advance()

    all_told(node)


@pytest.mark.parametrize("count", [None, 0, 6])
def test_links_that_are_trained_later_are_found(node, count):
    """Their number is not supported at first, 0, or smaller."""
    gpu = opened(node)
    gpu.fields[91, 0] = count
    node.update_driver()
    assert (count or 0) == [key[0] for key in node.values_of(3, "GPUNVLink")].count("nvlink_up")
    gpu.fields[91, 0] = 18
    node.update_driver()

    node.advance()

    assert node.values_of(4, "GPUNVLink").keys() == node.values_of(3, "GPUNVLink").keys()


def test_links_stay_if_their_number_is_no_longer_told(node):
    """The links themselves say whether they are up."""
    gpu = opened(node)
    before = node.values_of(3, "GPUNVLink")
    gpu.fields[91, 0] = 0
    node.update_driver()

    node.advance()

    assert before == node.values_of(3, "GPUNVLink")


def test_fields_that_mig_hides_come_back_without_it(node):
    """NVLink is off while MIG is enabled on the A100; so are most utilizations."""
    gpu = opened(node)
    fields = dict(gpu.fields)
    gpu.is_divided(Instance(1, 0, "MIG-a", "1g.5gb", 5 * 2**30, 2**30))
    hidden = (91, 138, 139, 161, 162, 163, 165)
    gpu.fields = {key: None if key[0] in hidden else value for key, value in fields.items()}
    node.update_driver()
    assert "nvlink_up" not in names(node.values_of(3, "GPUNVLink"))
    told(node, 3)

    gpu.fields, gpu.instances = fields, []
    gpu.answers["nvmlDeviceGetMigMode", 0] = gpu.answers["nvmlDeviceGetMigMode", 1] = 0
    gpu.fails.clear()
    node.update_driver()
    node.advance()

    all_told(node)


def test_a_gpu_without_a_sensor_of_power_has_no_power(node):
    """It draws more than 0 W, or it would not respond."""
    node.gpus[3].answers["nvmlDeviceGetPowerUsage", 0] = 0
    node.update_driver()

    assert set("0124567") == set(node.powered())
