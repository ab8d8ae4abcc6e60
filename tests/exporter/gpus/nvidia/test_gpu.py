"""A GPU of NVIDIA: unsupported values have no sample, which is not zero."""

import pytest

from tests.exporter.gpus.node import GPU_SENSORS
from tests.nvml.driver import eight_hoppers

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
