"""The sensors of temperature, power, clocks and fans of GPUs."""

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.gpu.gpu_sensor import NOTHING_SUPPORTED

from .expected import answer, assert_exposed, field


def temperature(gpu):
    """Return the expected values of GPUTemperature."""
    return {
        ("temperature_celsius",): answer(gpu, "Temperature"),
        ("memory_temperature_celsius",): field(gpu, 82),
        ("temperature_margin_celsius",): answer(gpu, "MarginTemperature"),
    } | {
        ("temperature_threshold_celsius", name): answer(gpu, "TemperatureThreshold", place)
        for place, name in enumerate(("shutdown", "slowdown", "memory_max", "gpu_max"))
    }


def power(gpu):
    """Return the expected values of GPUPower."""
    return {
        ("power_watts",): answer(gpu, "PowerUsage") / 1000,
        ("power_limit_watts",): answer(gpu, "EnforcedPowerLimit") / 1000,
        ("energy_joules_total",): pytest.approx(answer(gpu, "TotalEnergyConsumption") / 1000),
    }


def clocks(gpu):
    """Return the expected values of GPUClocks."""
    found = {("performance_state",): answer(gpu, "PerformanceState")}
    for place, name in enumerate(("graphics", "sm", "memory", "video")):
        found["clock_hertz", name] = answer(gpu, "ClockInfo", place) * 1e6
        found["clock_max_hertz", name] = answer(gpu, "MaxClockInfo", place) * 1e6
    reasons = "gpu_idle applications_clocks sw_power_cap hw_slowdown sync_boost sw_thermal "
    reasons += "hw_thermal hw_power_brake display_clocks"
    for bit, name in enumerate(reasons.split()):
        found["clocks_event", name] = answer(gpu, "CurrentClocksEventReasons") >> bit & 1
    throttled = {"power": 74, "thermal": 75, "sync_boost": 76, "board_limit": 77, "reliability": 79}
    throttled |= {"sw_thermal": 269, "hw_thermal": 270, "hw_power_brake": 271}
    for name, number in throttled.items():
        found["throttled_seconds_total", name] = pytest.approx(field(gpu, number) / 1e9)
    return found


def test_each_fan_of_a_card_has_a_speed(node):
    """According to NVML's documentation, it may exceed the maximum."""
    answers = node.gpus[2].answers
    answers["nvmlDeviceGetNumFans", 0] = 2
    answers["nvmlDeviceGetFanSpeed_v2", 0], answers["nvmlDeviceGetFanSpeed_v2", 1] = 37, 104
    node.update_driver()

    expected = {("fan_speed_ratio", "0"): 0.37, ("fan_speed_ratio", "1"): 1.04}
    assert expected == node.values_of(2, "GPUFans")


def test_counters_grow(node):
    """With the time since the driver was created."""
    first = node.values_of(0, "GPUPower")["energy_joules_total",]
    node.update_driver(grows=True, began_s=node.driver.began_s - 100)

    second = node.values_of(0, "GPUPower")["energy_joules_total",]

    assert second - first >= 100 * 300


ALL_ONES_32, ALL_ONES_64 = 2**32 - 1, 2**64 - 1


def test_a_margin_may_be_negative(node):
    """The GPU is too hot; all bits set is -1 degree."""
    node.gpus[6].answers["nvmlDeviceGetMarginTemperature", 0] = ALL_ONES_32
    node.update_driver()

    assert -1 == node.values_of(6, "GPUTemperature")["temperature_margin_celsius",]


def test_memory_without_a_temperature_sensor_has_no_temperature(node):
    """GPUs without HBM return 0 for the field."""
    node.gpus[0].fields[82, 0] = 0
    node.update_driver()

    assert ("memory_temperature_celsius",) not in node.values_of(0, "GPUTemperature")


def test_an_older_driver_has_throttle_reasons(node):
    """Their function has another name."""
    gpu = node.gpus[0]
    gpu.fails["nvmlDeviceGetCurrentClocksEventReasons"] = 13
    gpu.answers["nvmlDeviceGetCurrentClocksThrottleReasons", 0] = 0x40
    node.update_driver()

    values = node.values_of(0, "GPUClocks")
    assert {"hw_thermal"} == {key[1] for key in values if key[0] == "clocks_event" and values[key]}


@pytest.mark.parametrize(("supported", "count"), [(0x7FF, 11), (0x3, 3), (0, 9), (None, 9)])
def test_an_unsupported_event_is_absent(node, supported, count):
    """It is not 0; an active event is exposed even if it is reported as unsupported."""
    gpu = node.gpus[0]
    gpu.answers["nvmlDeviceGetSupportedClocksEventReasons", 0] = supported
    gpu.answers["nvmlDeviceGetCurrentClocksEventReasons", 0] = 0x8
    node.update_driver()

    found = {
        key[1]: value for key, value in node.values_of(0, "GPUClocks").items() if "event" in key[0]
    }
    assert count == len(found)
    assert {"hw_slowdown"} == {name for name, value in found.items() if value}


def test_the_sensor_is_unavailable_without_fans(node):
    """As on servers; it is not an error."""
    with pytest.raises(SensorUnavailable, match=NOTHING_SUPPORTED):
        node.values("GPUFans")


def test_gputemperature_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUTemperature", temperature)


def test_gpupower_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUPower", power)


def test_gpuclocks_exposes_the_values_of_the_driver(node):
    """In base units."""
    assert_exposed(node, "GPUClocks", clocks)
