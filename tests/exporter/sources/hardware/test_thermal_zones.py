"""Thermal zones and their trip points."""

import pytest

from fructosa_exporter.sources.hardware.thermal_zones import thermal_zones

from ...memory_kernel import MemoryKernel
from ...recorded import kernel

ZONE = "/sys/class/thermal/thermal_zone0"


def limits(files):
    """Return the limits of a zone with these *files*."""
    read = MemoryKernel({f"{ZONE}/{name}": value for name, value in files.items()})
    return [dict(zone.limits(read)) for zone in thermal_zones(read)]


def test_zones_have_their_type_as_label():
    """The temperature is that of the file temp."""
    read = kernel("thermal_zones")

    assert {
        ("thermal_thermal_zone0", "temp", "cpu-thermal"): 45_500,
        ("thermal_thermal_zone1", "temp", "gpu-thermal"): -1_500,
    } == {zone.labels(read): zone.value(read) for zone in thermal_zones(read)}


def test_limits_are_those_of_hot_and_critical_trip_points():
    """Whatever the number and order of trip points; those of other types are no limits."""
    read = kernel("thermal_zones")

    assert [{"high": 95_000, "critical": 105_000}, {}] == [
        dict(zone.limits(read)) for zone in thermal_zones(read)
    ]


def test_the_lowest_of_several_limits_counts():
    """One of zero is switched off."""
    files = {f"trip_point_{n}_type": "hot" for n in range(3)}
    temperatures = {"trip_point_0_temp": 90, "trip_point_1_temp": 80, "trip_point_2_temp": 0}

    assert [{"high": 80}] == limits(files | temperatures)


@pytest.mark.parametrize("broken", [None, "", "x", PermissionError(), OSError()])
@pytest.mark.parametrize("name", ["trip_point_0_type", "trip_point_0_temp"])
def test_a_trip_point_that_cannot_be_read_costs_only_itself(name, broken):
    """The other limit is there."""
    files = {"trip_point_0_type": "critical", "trip_point_0_temp": 100}
    other = {"trip_point_1_type": "hot", "trip_point_1_temp": 90}

    assert [{"high": 90}] == limits(files | other | {name: broken})


def test_a_zone_without_a_type_is_called_by_its_name():
    """So all paths have the same number of parts."""
    read = MemoryKernel({f"{ZONE}/temp": 1})

    assert [("thermal_thermal_zone0", "temp", "thermal_zone0")] == [
        zone.labels(read) for zone in thermal_zones(read)
    ]
