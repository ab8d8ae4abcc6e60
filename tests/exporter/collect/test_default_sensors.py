"""Which sensors are read."""

from fructosa_exporter.collect.default_sensors import by_reason, chosen_readers
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS


def test_what_is_configured_is_read_and_nothing_else():
    """Also a sensor that has nothing to read here; the agent itself is always there."""
    options = {name: SENSORS[name].Options() for name in ("SensorsBattery", "NetConnections")}

    chosen, left_out = chosen_readers(SENSORS, options)

    assert ["Agent", "SensorsBattery", "NetConnections"] == [one.name for one in chosen]
    assert {} == left_out


def test_without_configuration_all_is_read_that_is_cheap_and_there():
    """What is left out has a reason."""
    chosen, left_out = chosen_readers(SENSORS, None)

    names = {one.name for one in chosen}
    assert {"Agent", "CPUPercent", "VirtualMemory", "DiskUsage", "BootTime"} <= names
    assert left_out["NetConnections"] == "only when it is configured"
    assert {"Agent", *SENSORS} == names | left_out.keys()
    assert all(left_out.values())


def test_a_reason_is_told_once():
    """A node without GPUs has the same one for twelve sensors; reasons keep their order."""
    left_out = {"Users": "rare", "GPUInfo": "no GPU", "Fans": "no fan", "GPUFans": "no GPU"}

    assert ["Users: rare", "GPUInfo, GPUFans: no GPU", "Fans: no fan"] == by_reason(left_out)


class Troubled(Sensor):
    """Raises what it is made with."""

    error = None

    def samples(self):
        """Raise."""
        raise self.error


def troubled(name, error):
    """Return a sensor class of a *name* that raises an *error*."""
    return type(name, (Troubled,), {"__doc__": "Fails.", "error": error, "rights": "to be root"})


def test_what_fails_stays_to_be_seen_and_what_may_not_be_read_is_left_out():
    """An ordinary user's agent would else have failures that nobody can mend."""
    sensors = {
        "Fails": troubled("Fails", OSError("broken")),
        "Denied": troubled("Denied", PermissionError("energy")),
        "Absent": troubled("Absent", SensorUnavailable("no battery")),
    }

    chosen, left_out = chosen_readers(sensors, None)

    assert ["Agent", "Fails"] == [one.name for one in chosen]
    assert {"Denied": "energy; the sensor needs to be root", "Absent": "no battery"} == left_out


def test_a_sensor_that_can_not_be_made_with_its_options_costs_only_itself():
    """The agent starts, and the page says that it fails."""

    def refuse(self, options=None):
        raise ValueError("no such place")

    made = type("Picky", (Sensor,), {"__doc__": "Picky.", "__init__": refuse})

    chosen, _ = chosen_readers({"Picky": made}, {"Picky": made.Options()})

    assert ["Agent", "Picky"] == [one.name for one in chosen]
    assert "ValueError: no such place" in chosen[1].run().error
