"""Selection of the sensors to read."""

from fructosa_exporter.collect.default_sensors import group_by_reason, select_readers
from fructosa_exporter.collect.sensor_reader import NEEDS_RIGHTS
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS


def test_only_configured_sensors_are_read():
    """Even those with nothing to read here; Agent is always among them."""
    options = {name: SENSORS[name].Options() for name in ("SensorsBattery", "NetConnections")}

    readers, left_out = select_readers(SENSORS, options)

    assert ["Agent", "SensorsBattery", "NetConnections"] == [reader.name for reader in readers]
    assert {} == left_out


def test_by_default_all_cheap_and_available_sensors_are_read():
    """There is a reason for each of the others."""
    readers, left_out = select_readers(SENSORS, None)

    names = {reader.name for reader in readers if not reader.is_hidden}
    assert {"Agent", "CPUPercent", "VirtualMemory", "DiskUsage", "BootTime"} <= names
    assert "configured" in left_out["NetConnections"]
    assert {"Agent", *SENSORS} == names | left_out.keys()
    assert all(left_out.values())


def test_some_sensors_can_be_read_beside_the_default_ones():
    """Sections then only set options; all are in the order of their names."""
    options = {"Users": SENSORS["Users"].Options(time_interval=7)}

    readers, left_out = select_readers(SENSORS, options, ["SlurmJobs", "BootTime"])

    names = [reader.name for reader in readers]
    assert {"Agent", "CPUPercent", "SlurmJobs", "Users", "BootTime"} <= set(names)
    assert names == ["Agent", *(name for name in SENSORS if name in names)]
    assert [7] == [one.sensor.options.time_interval for one in readers if one.name == "Users"]
    assert {"SlurmJobs", "Users", "BootTime"}.isdisjoint(left_out)


def test_sensors_are_grouped_by_reason():
    """A node without GPUs has the same one for twelve sensors; the order is kept."""
    left_out = {"Users": "rare", "GPUInfo": "no GPU", "Fans": "no fan", "GPUFans": "no GPU"}

    assert ["Users: rare", "GPUInfo, GPUFans: no GPU", "Fans: no fan"] == group_by_reason(left_out)


class Failing(Sensor):
    """Raises an error."""

    error = None

    def samples(self):
        """Raise it."""
        raise self.error


def failing(name, error):
    """Return a sensor class called *name* that raises *error*."""
    return type(name, (Failing,), {"__doc__": "Fails.", "error": error, "rights": "to be root"})


def test_failing_sensors_are_kept_but_not_those_that_lack_a_permission():
    """Otherwise an agent of an ordinary user would always report failures."""
    sensors = {
        "Fails": failing("Fails", OSError("broken")),
        "Denied": failing("Denied", PermissionError("energy")),
        "Unavailable": failing("Unavailable", SensorUnavailable("no battery")),
    }

    readers, left_out = select_readers(sensors, None)

    assert ["Agent", "Fails"] == [reader.name for reader in readers if not reader.is_hidden]
    assert ["Unavailable"] == [reader.name for reader in readers if reader.is_hidden]
    denied = NEEDS_RIGHTS.format(reason="energy", rights="to be root")
    expected = {"Denied": denied, "Unavailable": "no battery"}
    assert expected == left_out


def test_a_sensor_that_rejects_its_options_fails_at_each_reading():
    """The agent starts all the same."""

    def reject(self, options=None):
        raise ValueError("no such directory")

    picky = type("Picky", (Sensor,), {"__doc__": "Picky.", "__init__": reject})

    readers, _ = select_readers({"Picky": picky}, {"Picky": picky.Options()})

    assert ["Agent", "Picky"] == [reader.name for reader in readers]
    assert "ValueError: no such directory" in readers[1].run().error
