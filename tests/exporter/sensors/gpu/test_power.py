"""Heat, power, clocks and fans of GPUs."""

import pytest

from fructosa_exporter.errors import SensorUnavailable

from .driver_says import assert_told, field, said


def temperature(gpu):
    """What GPUTemperature is to tell."""
    return {
        ("temperature_celsius",): said(gpu, "Temperature"),
        ("memory_temperature_celsius",): field(gpu, 82),
        ("temperature_margin_celsius",): said(gpu, "MarginTemperature"),
    } | {
        ("temperature_threshold_celsius", name): said(gpu, "TemperatureThreshold", place)
        for place, name in enumerate(("shutdown", "slowdown", "memory_max", "gpu_max"))
    }


def power(gpu):
    """What GPUPower is to tell."""
    return {
        ("power_watts",): said(gpu, "PowerUsage") / 1000,
        ("power_limit_watts",): said(gpu, "EnforcedPowerLimit") / 1000,
        ("energy_joules_total",): pytest.approx(said(gpu, "TotalEnergyConsumption") / 1000),
    }


def clocks(gpu):
    """What GPUClocks is to tell."""
    found = {("performance_state",): said(gpu, "PerformanceState")}
    for place, name in enumerate(("graphics", "sm", "memory", "video")):
        found["clock_hertz", name] = said(gpu, "ClockInfo", place) * 1e6
        found["clock_max_hertz", name] = said(gpu, "MaxClockInfo", place) * 1e6
    reasons = "gpu_idle applications_clocks sw_power_cap hw_slowdown sync_boost sw_thermal "
    reasons += "hw_thermal hw_power_brake display_clocks"
    for bit, name in enumerate(reasons.split()):
        found["clocks_event", name] = said(gpu, "CurrentClocksEventReasons") >> bit & 1
    held = {"power": 74, "thermal": 75, "sync_boost": 76, "board_limit": 77, "reliability": 79}
    held |= {"sw_thermal": 269, "hw_thermal": 270, "hw_power_brake": 271}
    for name, number in held.items():
        found["throttled_seconds_total", name] = pytest.approx(field(gpu, number) / 1e9)
    return found


def test_a_card_with_fans_tells_each(node):
    """A speed may be above what is meant for the fan, by NVML's own documentation."""
    answers = node.gpus[2].answers
    answers["nvmlDeviceGetNumFans", 0] = 2
    answers["nvmlDeviceGetFanSpeed_v2", 0], answers["nvmlDeviceGetFanSpeed_v2", 1] = 37, 104
    node.says()

    expected = {("fan_speed_ratio", "0"): 0.37, ("fan_speed_ratio", "1"): 1.04}
    assert expected == node.of(2, "GPUFans")


def test_counters_grow(node):
    """With the time since the driver was made."""
    first = node.of(0, "GPUPower")["energy_joules_total",]
    node.says(grows=True, began_s=node.driver.began_s - 100)

    second = node.of(0, "GPUPower")["energy_joules_total",]

    assert second - first >= 100 * 300


ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1


def test_a_margin_may_be_negative(node):
    """The GPU is too hot then; all ones are a degree too much."""
    node.gpus[6].answers["nvmlDeviceGetMarginTemperature", 0] = ALL_ONES_32
    node.says()

    assert -1 == node.of(6, "GPUTemperature")["temperature_margin_celsius",]


def test_memory_without_a_thermometer_is_not_at_zero(node):
    """The field is there all the same: GPUs without HBM answer 0."""
    node.gpus[0].fields[82, 0] = 0
    node.says()

    assert ("memory_temperature_celsius",) not in node.of(0, "GPUTemperature")


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


def test_gpus_of_servers_have_no_fans(node):
    """That is no failure, and there is a reason."""
    with pytest.raises(SensorUnavailable, match="tell nothing of it"):
        node.values("GPUFans")


def test_all_that_gputemperature_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUTemperature", temperature)


def test_all_that_gpupower_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUPower", power)


def test_all_that_gpuclocks_tells_is_what_the_driver_says(node):
    """In base units."""
    assert_told(node, "GPUClocks", clocks)
