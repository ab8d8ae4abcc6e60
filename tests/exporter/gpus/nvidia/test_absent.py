"""Absent is not zero: what a GPU does not support, or has no number for, gives no sample."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from tests.nvml.driver import Instance, Process, eight_hoppers

from ..node import GPU_SENSORS

GIB = 2**30
ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1

# What a function answers, and the samples that are missing when it does not.
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
# Those that answer a single number; -1 degree is a margin.
NUMBERS = sorted(SAMPLES.keys() - {"BAR1MemoryInfo", "EccMode", "MigMode", "MarginTemperature"})
FIELDS = {
    82: ("GPUTemperature", ["memory_temperature_celsius"]),
    94: ("GPUPcie", ["pcie_replays_total"]),
    230: ("GPUErrors", ["recovery_action"]),
    31: ("GPUErrors", ["retired_pages_pending"]),
}


def names(told):
    """Return which metrics there are."""
    return {name for name, *_ in told}


@pytest.mark.parametrize("code", [3, 4, 13, 999])
@pytest.mark.parametrize("function", SAMPLES)
def test_a_call_that_is_refused_costs_its_own_samples(node, function, code):
    """Not supported, no right, an old driver, an unknown error; other values and GPUs stay."""
    sensor, missing = SAMPLES[function]
    before = names(node.of(6, sensor))
    node.gpus[6].fails[f"nvmlDeviceGet{function}"] = code
    node.says()

    assert before - set(missing) == names(node.of(6, sensor))
    assert before == names(node.of(5, sensor))


@pytest.mark.parametrize("sentinel", [ALL_ONES_32, 2**31 - 1])
@pytest.mark.parametrize("function", NUMBERS)
def test_a_number_that_stands_for_none_gives_no_sample(node, function, sentinel):
    """Neither 4294967295 degrees nor 4294967.295 W."""
    sensor, missing = SAMPLES[function]
    before = names(node.of(6, sensor))
    answers = node.gpus[6].answers
    answers |= {key: sentinel for key in answers if key[0] == f"nvmlDeviceGet{function}"}
    node.says()

    assert before - set(missing) == names(node.of(6, sensor))


def test_a_margin_may_be_negative(node):
    """The GPU is too hot then; all ones are a degree too much."""
    node.gpus[6].answers["nvmlDeviceGetMarginTemperature", 0] = ALL_ONES_32
    node.says()

    assert -1 == node.of(6, "GPUTemperature")["temperature_margin_celsius",]


@pytest.mark.parametrize("value", [None, ALL_ONES_32])
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_without_value_gives_no_sample(node, field, value):
    """It is not supported, or has all ones in its width."""
    sensor, missing = FIELDS[field]
    before = names(node.of(6, sensor))
    node.gpus[6].fields[field, 0] = value
    node.says()

    assert before - set(missing) == names(node.of(6, sensor))


def test_memory_without_a_thermometer_is_not_at_zero(node):
    """The field is there all the same: GPUs without HBM answer 0."""
    node.gpus[0].fields[82, 0] = 0
    node.says()

    assert ("memory_temperature_celsius",) not in node.of(0, "GPUTemperature")


def test_memory_that_nobody_tells_of_a_process_is_no_sum(node):
    """As in some containers; the number of processes is known."""
    node.gpus[0].computing = [Process(1, GIB), Process(2, ALL_ONES_64)]
    node.says()

    expected = {("processes", "compute"): 2, ("processes", "graphics"): 0}
    assert expected == node.of(0, "GPUProcesses")


def test_an_older_driver_tells_reasons_by_another_name(node):
    """They were called throttle reasons."""
    gpu = node.gpus[0]
    gpu.fails["nvmlDeviceGetCurrentClocksEventReasons"] = 13
    gpu.answers["nvmlDeviceGetCurrentClocksThrottleReasons", 0] = 0x40
    node.says()

    told = node.of(0, "GPUClocks")
    assert {"hw_thermal"} == {key[1] for key in told if key[0] == "clocks_event" and told[key]}


@pytest.mark.parametrize(("supported", "told"), [(0x7FF, 11), (0x3, 3), (0, 9), (None, 9)])
def test_an_event_that_a_gpu_can_not_tell_is_absent(node, supported, told):
    """It is not as if it did not hold; one that holds is told, whatever is said of it."""
    gpu = node.gpus[0]
    gpu.answers["nvmlDeviceGetSupportedClocksEventReasons", 0] = supported
    gpu.answers["nvmlDeviceGetCurrentClocksEventReasons", 0] = 0x8
    node.says()

    found = {key[1]: value for key, value in node.of(0, "GPUClocks").items() if "event" in key[0]}
    assert told == len(found)
    assert {"hw_slowdown"} == {name for name, value in found.items() if value}


def test_an_older_driver_does_not_tell_what_memory_is_reserved(node):
    """There used counts with it."""
    node.gpus[0].fails["nvmlDeviceGetMemoryInfo_v2"] = 13
    node.says()

    told = node.of(0, "GPUMemory")

    assert ("memory_reserved_bytes",) not in told
    assert 2 * GIB + 600 * 2**20 == told["memory_used_bytes",]


def test_gpus_of_servers_have_no_fans(node):
    """That is no failure, and there is a reason."""
    with pytest.raises(SensorUnavailable, match="tell nothing of it"):
        node.values("GPUFans")


@pytest.mark.parametrize("name", sorted(set(GPU_SENSORS) - {"GPUInfo"}))
def test_a_gpu_that_supports_nothing_gives_no_sample(node, name):
    """It is up; the others tell all that they have."""
    node.gpus[:] = eight_hoppers()
    gpu = node.gpus[3]
    gpu.answers.clear(), gpu.fields.clear(), gpu.activity.clear()
    gpu.fails |= {"nvmlDeviceRegisterEvents": 3, "nvmlDeviceGetComputeRunningProcesses_v3": 3}
    gpu.fails |= {"nvmlDeviceGetGraphicsRunningProcesses_v3": 3}
    node.gpus[4].answers["nvmlDeviceGetNumFans", 0] = 1
    node.gpus[4].answers["nvmlDeviceGetFanSpeed_v2", 0] = 50
    node.says()

    assert {} == node.of(3, name)
    assert {} != node.of(4, name)
    assert [["0", "1", "2", "3", "4", "5", "6", "7"], []] == node.up()


def test_instances_of_mig_have_memory_and_names(node):
    """A divided GPU tells how busy it is no more; the others do."""
    node.gpus[1].is_divided(
        Instance(7, 0, "MIG-a", "1g.5gb", 5 * GIB, GIB),
        Instance(9, 1, "MIG-b", "3g.20gb", 20 * GIB, 2 * GIB),
    )
    node.gpus[1].computing = [Process(1, GIB, 7, 0), Process(2, GIB, 9, 1), Process(3, GIB, 9, 1)]
    node.says()

    told = node.of(1, "GPUMemory")
    assert 5 * GIB == told["mig_memory_total_bytes", "7", "0"]
    assert GIB == told["mig_memory_used_bytes", "7", "0"]
    assert 18 * GIB == told["mig_memory_free_bytes", "9", "1"]
    told = node.of(1, "GPUInfo")
    assert 1 == told["mig_enabled",]
    assert 1 == told["mig_info", "7", "0", "MIG-a", "1g.5gb"]
    assert 1 == told["mig_info", "9", "1", "MIG-b", "3g.20gb"]
    told = node.of(1, "GPUProcesses")
    assert 1 == told["mig_processes", "7", "0"]
    assert 2 == told["mig_processes", "9", "1"]
    assert {} == node.of(1, "GPUUtilization")
    assert {} != node.of(2, "GPUUtilization")


def test_instances_come_and_go(node):
    """Nothing is kept of them."""
    node.gpus[1].is_divided(Instance(7, 0, "MIG-a", "1g.5gb", 5 * GIB, GIB))
    node.says()
    node.values("GPUInfo")
    node.gpus[1].is_divided(Instance(8, 0, "MIG-b", "1g.5gb", 5 * GIB, GIB))
    node.says()

    told = node.of(1, "GPUInfo")

    assert [("mig_info", "8", "0", "MIG-b", "1g.5gb")] == [key for key in told if "mig_info" in key]
