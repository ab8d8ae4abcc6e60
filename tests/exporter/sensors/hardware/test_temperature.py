"""The sensors of temperatures, fans and the battery."""

import psutil
import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.hardware.temperature import (
    SensorsBattery,
    SensorsFans,
    SensorsTemperatures,
)

from ...machine import full, record, temperature, values


def test_temperatures_have_their_limits():
    """By chip, number and label."""
    place = ("coretemp", "0", "Core 0")

    expected = {
        ("temperature_celsius", *place): 40.0,
        ("temperature_high_celsius", *place): 80.0,
        ("temperature_critical_celsius", *place): 100.0,
    }
    assert expected == values(full("SensorsTemperatures"))


def test_chips_with_equal_labels_have_distinct_series():
    """Two sockets have two coretemp chips, and psutil gives both the same name."""
    reading = {"coretemp": [temperature("Core 0", 40.0), temperature("Core 0", 50.0)]}

    expected = {
        ("temperature_celsius", "coretemp", "0", "Core 0"): 40.0,
        ("temperature_celsius", "coretemp", "1", "Core 0"): 50.0,
    }
    assert expected == values(SensorsTemperatures(read=lambda: reading))


def test_zero_degrees_is_a_temperature():
    """A missing value is None and has no sample."""
    reading = {"drivetemp": [temperature("disk", 0.0, high=None, critical=70.0)]}

    expected = {
        ("temperature_celsius", "drivetemp", "0", "disk"): 0.0,
        ("temperature_critical_celsius", "drivetemp", "0", "disk"): 70.0,
    }
    assert expected == values(SensorsTemperatures(read=lambda: reading))


def test_a_missing_label_is_replaced_by_the_number():
    """All paths have the same number of parts."""
    reading = {"acpitz": [temperature("", -3.5)], "empty": []}

    expected = {("temperature_celsius", "acpitz", "0", "0"): -3.5}
    assert expected == values(SensorsTemperatures(read=lambda: reading))


def test_fans_have_a_speed():
    """It is zero for one that has stopped."""
    reading = {"dell": [record(label="", current=0), record(label="rear", current=1200)]}

    expected = {
        ("fan_speed_rpm", "dell", "0", "0"): 0,
        ("fan_speed_rpm", "dell", "1", "rear"): 1200,
    }
    assert expected == values(SensorsFans(read=lambda: reading))


def test_a_battery_has_a_charge():
    """As a ratio, with the remaining time."""
    expected = {
        ("battery_charge_ratio",): 0.5,
        ("battery_remaining_seconds",): 3600,
        ("battery_power_plugged",): 1,
    }
    assert expected == values(full("SensorsBattery"))


@pytest.mark.parametrize("left", [psutil.POWER_TIME_UNKNOWN, psutil.POWER_TIME_UNLIMITED])
def test_unknown_values_of_a_battery_are_absent(left):
    """The remaining time and whether it is plugged in."""
    battery = record(percent=100.0, secsleft=left, power_plugged=None)

    assert {("battery_charge_ratio",): 1.0} == values(SensorsBattery(read=lambda: battery))


@pytest.mark.parametrize(
    ("sensor_class", "reading", "missing"),
    [
        (SensorsTemperatures, {}, "no temperature sensor"),
        (SensorsTemperatures, {"coretemp": []}, "no temperature sensor"),
        (SensorsFans, {}, "no fan"),
        (SensorsFans, {"dell": []}, "no fan"),
        (SensorsBattery, None, "no battery"),
    ],
)
def test_the_sensors_are_unavailable_without_hardware(sensor_class, reading, missing):
    """It is not an error."""
    with pytest.raises(SensorUnavailable, match=missing):
        values(sensor_class(read=lambda: reading))
