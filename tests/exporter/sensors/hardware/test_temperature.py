"""The sensors of temperatures, fans and batteries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensors.hardware.temperature import (
    SensorsBattery,
    SensorsFans,
    SensorsTemperatures,
)

from ...machine import full, values
from ...memory_kernel import BROKEN, MemoryKernel
from ...recorded import changed, kernel

HWMON = "/sys/class/hwmon/hwmon0"
CHIP = "nct6775_hwmon0"


def machine(**files):
    """Return a Kernel with one chip, which has these files."""
    named = {f"{HWMON}/{name}": value for name, value in files.items()}
    return MemoryKernel({f"{HWMON}/name": "nct6775", **named})


def by_sensor(sensor, name):
    """Return the values of a metric by chip and sensor."""
    return {key[1:3]: value for key, value in values(sensor).items() if key[0] == name}


def temperatures(**files):
    """Return the temperatures of one chip by sensor."""
    found = by_sensor(SensorsTemperatures(read=machine(**files)), "temperature_celsius")
    return {sensor: value for (_, sensor), value in found.items()}


def fans(**files):
    """Return the speeds of the fans of one chip by sensor."""
    found = by_sensor(SensorsFans(read=machine(**files)), "fan_speed_rpm")
    return {sensor: value for (_, sensor), value in found.items()}


@pytest.mark.parametrize(
    ("metric", "cores"),
    [
        ("temperature_celsius", [55, 54, 52, 53, 50]),
        ("temperature_high_celsius", [84] * 5),
        ("temperature_critical_celsius", [100] * 5),
    ],
)
def test_temperatures_are_those_that_node_exporter_reports(metric, cores):
    """The chips are from its fixtures, and so are the values."""
    found = by_sensor(full("SensorsTemperatures"), metric)

    expected = {
        (f"platform_coretemp_{chip}", f"temp{number}"): value
        for chip in range(2)
        for number, value in enumerate(cores, 1)
    }
    assert expected.items() <= found.items()


def test_a_disk_without_limits_has_none():
    """It reports 65261.85 degrees."""
    place = ("nvme_nvme0", "temp2", "Sensor 1")

    found = values(full("SensorsTemperatures"))

    assert found["temperature_celsius", *place] == 43.85
    assert ("temperature_high_celsius", *place) not in found


def test_an_info_metric_has_the_names_of_chips():
    """Of those that have a temperature, or a fan."""
    assert {
        ("platform_applesmc_768", "applesmc"): 1,
        ("platform_nct6775_656", "nct6779"): 1,
    } == by_sensor(full("SensorsFans"), "fan_chip_info")
    assert by_sensor(full("SensorsTemperatures"), "temperature_chip_info").keys() == {
        ("platform_coretemp_0", "coretemp"),
        ("platform_coretemp_1", "coretemp"),
        ("pci0000:00_0000:00:18_3", "k10temp"),
        ("nvme_nvme0", "nvme"),
    }


def test_a_sensor_that_tells_nothing_does_not_hand_its_name_on(tmp_path):
    """Core 1 stays temp3."""
    folder = "/sys/devices/platform/coretemp.0/hwmon/hwmon0"
    read = changed("temperature", tmp_path, {f"{folder}/temp2_input": ""})

    found = by_sensor(SensorsTemperatures(read=read), "temperature_celsius")

    assert found["platform_coretemp_0", "temp3"] == 52
    assert ("platform_coretemp_0", "temp2") not in found


@pytest.mark.parametrize("reported", [-273_200, -274_000, 65_261_850, 1_000_000])
def test_what_no_temperature_can_be_is_absent(reported):
    """Chips report it for what they do not measure."""
    assert {"temp2": 0.0, "temp3": -3.5} == temperatures(
        temp1_input=reported, temp2_input=0, temp3_input=-3500
    )


@pytest.mark.parametrize("limit", [0, -1, 65_261_850])
def test_a_limit_that_nobody_has_set_is_absent(limit):
    """Neither is it copied from the other one."""
    read = machine(temp1_input=20_000, temp1_max=limit, temp1_crit=90_000)

    assert {
        ("temperature_celsius", CHIP, "temp1", "nct6775"): 20,
        ("temperature_critical_celsius", CHIP, "temp1", "nct6775"): 90,
        ("temperature_chip_info", CHIP, "nct6775"): 1,
    } == values(SensorsTemperatures(read=read))


def test_thermal_zones_count_where_chips_have_no_temperatures():
    """Each limit is divided by a thousand once."""
    place = ("thermal_thermal_zone0", "temp", "cpu-thermal")

    assert {
        ("temperature_celsius", *place): 45.5,
        ("temperature_high_celsius", *place): 95,
        ("temperature_critical_celsius", *place): 105,
        ("temperature_celsius", "thermal_thermal_zone1", "temp", "gpu-thermal"): -1.5,
    } == values(SensorsTemperatures(read=kernel("thermal_zones")))


def test_a_fan_that_cannot_be_read_does_not_hide_the_others():
    """One of a laptop is empty (giampaolo/psutil issue 1323)."""
    assert {"fan2": 900, "fan3": 0} == fans(fan1_input="", fan2_input=900, fan3_input=0)


@pytest.mark.parametrize("unknown", [65_535, 4_294_967_295, -1])
def test_a_speed_that_the_controller_does_not_know_is_absent(unknown):
    """All bits are set."""
    assert {"fan2": 900} == fans(fan1_input=unknown, fan2_input=900)


def test_each_battery_has_a_charge():
    """Only one is in use at a time; that of the mouse is left out."""
    assert {
        ("battery_charge_ratio", "BAT0"): 2420 / 25860,
        ("battery_remaining_seconds", "BAT0"): 2420 / 27758 * 3600,
        ("battery_charge_ratio", "BAT1"): 0.5,
        ("battery_power_plugged",): 0,
    } == pytest.approx(values(full("SensorsBattery")))


@pytest.mark.parametrize(
    ("sensor_class", "missing"),
    [
        (SensorsTemperatures, "no temperature sensor"),
        (SensorsFans, "no fan"),
        (SensorsBattery, "no battery"),
    ],
)
def test_the_sensors_are_unavailable_without_hardware(sensor_class, missing):
    """It is not an error."""
    with pytest.raises(SensorUnavailable, match=missing):
        values(sensor_class(read=machine()))


@pytest.mark.parametrize("broken", ["", OSError("broken"), PermissionError("denied")])
def test_if_nothing_can_be_read_the_sensor_fails(broken):
    """Somebody should notice."""
    battery = MemoryKernel(
        {f"/sys/class/power_supply/B/{name}": "Battery" for name in ("type", "capacity")}
    )
    sensors = [
        SensorsTemperatures(read=machine(temp1_input=broken)),
        SensorsFans(read=machine(fan1_input=broken)),
        SensorsBattery(read=battery),
    ]
    for sensor in sensors:
        with pytest.raises(OSError, match=r"none of 1|denied"):
            values(sensor)


SENSOR_FILES = ("input", "label", "max", "crit", "fault")


@given(
    st.sets(st.integers(1, 12), min_size=1),
    st.dictionaries(st.tuples(st.integers(1, 12), st.sampled_from(SENSOR_FILES)), BROKEN),
)
def test_a_sensor_keeps_its_value_whatever_other_files_answer(numbers, broken):
    """It has its own value or none, and none only if its own file is broken."""
    files = {}
    for number in numbers:
        known = {"input": number * 1000, "label": f"Core {number}", "max": 90_000, "crit": 95_000}
        files |= {f"temp{number}_{name}": value for name, value in known.items()}
    files |= {f"temp{number}_{name}": answer for (number, name), answer in broken.items()}
    lost = {number for number, name in broken if name == "input"}
    intact = numbers - lost

    try:
        found = temperatures(**files)
    except OSError:
        assert not intact
    except SensorUnavailable:
        assert not intact
    else:
        assert {f"temp{number}": number for number in intact} == found
