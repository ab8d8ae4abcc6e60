"""Which sensors are read."""

from fructosa_exporter.choose import readers
from fructosa_exporter.sensors import SENSORS


def test_what_is_configured_is_read_and_nothing_else():
    """Also a sensor that has nothing to read here; the agent itself is always there."""
    options = {name: SENSORS[name].Options() for name in ("SensorsBattery", "NetConnections")}

    chosen, left_out = readers(SENSORS, options)

    assert ["Agent", "SensorsBattery", "NetConnections"] == [one.name for one in chosen]
    assert {} == left_out


def test_without_configuration_all_is_read_that_is_cheap_and_there():
    """What is left out has a reason."""
    chosen, left_out = readers(SENSORS, None)

    names = {one.name for one in chosen}
    assert {"Agent", "CPUPercent", "VirtualMemory", "DiskUsage", "BootTime"} <= names
    assert left_out["NetConnections"] == "only when it is configured"
    assert {"Agent", *SENSORS} == names | left_out.keys()
    assert all(left_out.values())
