"""Batteries and mains power."""

import pytest

from fructosa_exporter.sources.hardware.power_supplies import has_mains_power, power_supplies

from ...memory_kernel import MemoryKernel
from ...recorded import kernel


def machine(**supplies):
    """Return a Kernel with the files of each supply."""
    return MemoryKernel(
        {
            f"/sys/class/power_supply/{name}/{file}": value
            for name, files in supplies.items()
            for file, value in files.items()
        }
    )


def battery(**files):
    """Return the charge and the remaining time of a battery with these *files*."""
    read = machine(BAT0={"type": "Battery", **files})
    (found,) = power_supplies(read)
    return found.charge(read), found.remaining_s(read)


def test_batteries_of_other_devices_are_left_out():
    """A mouse tells of its own battery."""
    found = power_supplies(kernel("temperature"))

    assert {"AC": False, "BAT0": True, "BAT1": True} == {one.name: one.is_battery for one in found}


def test_an_empty_bay_is_no_battery():
    """It has a folder."""
    assert [] == power_supplies(machine(BAT0={"type": "Battery", "present": 0, "capacity": 0}))


@pytest.mark.parametrize(
    ("files", "charge"),
    [
        ({"energy_now": 30, "energy_full": 40, "capacity": 9}, 0.75),
        ({"charge_now": 30, "charge_full": 40}, 0.75),
        ({"charge_now": 41, "charge_full": 40}, 1.0),
        ({"charge_now": 30, "energy_full": 40, "capacity": 50}, 0.5),
        ({"energy_now": 30, "energy_full": 0, "capacity": 100}, 1.0),
        ({"energy_now": PermissionError(), "energy_full": 40, "capacity": 7}, 0.07),
        ({"capacity": 0}, 0.0),
        ({"capacity": 101}, None),
        ({"capacity": ""}, None),
        ({"capacity": OSError()}, None),
    ],
)
def test_the_charge_is_what_is_left_of_a_full_battery(files, charge):
    """Energy and charge do not belong together; the driver's own percentage is the last resort."""
    assert charge == battery(**files)[0]


@pytest.mark.parametrize(
    ("files", "remaining_s"),
    [
        ({"energy_now": 30, "power_now": 10}, 10_800),
        ({"charge_now": 30, "current_now": -10}, 10_800),
        ({"charge_now": 30, "power_now": 10}, None),
        ({"energy_now": 30, "power_now": 0}, None),
        ({"time_to_empty_now": 600}, 600),
        ({"status": "Charging", "energy_now": 30, "power_now": 10}, None),
        ({"status": OSError(), "energy_now": 30, "power_now": 10}, None),
    ],
)
def test_the_remaining_time_is_known_only_while_a_battery_is_discharged(files, remaining_s):
    """Units of the level and of the rate belong together."""
    assert remaining_s == battery(**{"status": "Discharging", **files})[1]


@pytest.mark.parametrize(
    ("adapter", "status", "expected"),
    [
        (1, "Discharging", True),
        (0, "Full", False),
        ("", "Full", True),
        (OSError(), "Discharging", False),
        (None, "Not charging", True),
        (None, "Unknown", None),
        (None, None, None),
    ],
)
def test_mains_power_is_what_adapters_tell_or_else_batteries(adapter, status, expected):
    """If neither does, it is unknown."""
    read = machine(
        AC={"type": "Mains", "online": adapter}, BAT0={"type": "Battery", "status": status}
    )

    assert expected is has_mains_power(power_supplies(read), read)


def test_one_of_several_adapters_is_enough():
    """Each has a file of its own."""
    read = machine(AC={"type": "Mains", "online": 0}, usb={"type": "USB", "online": 1})

    assert has_mains_power(power_supplies(read), read)
