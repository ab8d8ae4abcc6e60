"""The configuration of lagent."""

from pathlib import Path

import pytest

from fructosa_exporter.config import (
    UNKNOWN_SENSOR,
    AgentSettings,
    example_config,
    read_config,
    schema,
)
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.load import OBSOLETE, UNKNOWN_NAME, check
from fructosa_service.errors import ConfigError
from fructosa_service.logs import LoggingSettings

# A file as in the manual of FrUCToSA 0.x, with all its sensors.
OLD_INTERVALS_S = {
    "CPUPercent": 10,
    "VirtualMemory": 30,
    "CPUTimes": 30,
    "CPUTimesPercent": 10,
    "CPUCount": 300,
    "CPUStats": 30,
    "CPUFreq": 300,
    "SwapMemory": 60,
    "DiskPartitions": 60,
    "DiskUsage": 30,
    "DiskIOCounters": 20,
    "NetIOCounters": 10,
    "NetConnections": 20,
    "NetIFAddrs": 30,
    "NetIFStats": 30,
    "SensorsTemperatures": 30,
    "SensorsFans": 30,
    "SensorsBattery": 30,
    "BootTime": 300,
    "Users": 10,
}
OLD_FILE = "\n\n".join(
    [
        "[lmaster]\nhost = localhost\nincoming data port = 7888",
        "[Graphite]\nhost = localhost\ncarbon receiver pickle port = 2004",
        "[logging]\nfilename = /var/log/lagent.log\n"
        "maxBytes = 1073741824\nbackupCount = 10\nlevel = DEBUG",
        *(
            f"[sensor:{name}]\ntime_interval = {s}\n#path = /"
            for name, s in OLD_INTERVALS_S.items()
        ),
    ]
)


@pytest.fixture
def read(tmp_path):
    """A function that reads a configuration from its text."""

    def read_text(text):
        path = tmp_path / "lagent.conf"
        path.write_text(text)
        return read_config(path)

    return read_text


def test_without_a_file_all_settings_have_their_defaults():
    """lagent listens on the loopback address only, and reads the default sensors."""
    config = read_config(None)

    assert AgentSettings(host="127.0.0.1", port=9888) == config.agent
    assert LoggingSettings() == config.logging
    assert config.sensors is None
    assert () == config.warnings


def test_a_file_without_sensors_leaves_the_default_ones(read):
    """Other sections don't change that."""
    config = read("[lagent]\nhost = 0.0.0.0\nport = 0")

    assert AgentSettings(host="0.0.0.0", port=0) == config.agent  # noqa: S104 - nothing listens there
    assert config.sensors is None


def test_only_sensors_with_a_section_are_configured(read):
    """Keys that are missing have their defaults."""
    config = read("[sensor:DiskUsage]\npath = /, /home\n[sensor:CPUCount]")

    disk, count = SENSORS["DiskUsage"].Options, SENSORS["CPUCount"].Options
    expected = {"DiskUsage": disk(path=(Path("/"), Path("/home"))), "CPUCount": count()}
    assert expected == config.sensors
    assert config.sensors["CPUCount"].time_interval == 60


def test_sensors_can_be_read_beside_the_default_ones(read):
    """Their sections set options."""
    config = read("[lagent]\nalso = SlurmJobs, Users\n[sensor:SlurmJobs]\nuid = yes\n")

    assert ("SlurmJobs", "Users") == config.agent.also
    assert {"SlurmJobs": SENSORS["SlurmJobs"].Options(uid=True)} == config.sensors


@pytest.mark.parametrize(
    ("name", "hint"),
    [("slurmjobs", "; did you mean SlurmJobs?"), ("xyz", "; `lagent sensors` lists them")],
)
def test_an_unknown_sensor_is_not_read_beside_the_default_ones(read, name, hint):
    """The message has one of a similar name."""
    with pytest.raises(ConfigError) as caught:
        read(f"[lagent]\nalso = BootTime, {name}\n")

    (problem,) = caught.value.problems
    assert f"[lagent] also: {UNKNOWN_SENSOR.format(name=repr(name), hint=hint)}" == str(problem)


def test_private_labels_have_to_be_enabled(read):
    """They are off by default."""
    config = read("[sensor:Users]\nnames = yes\n[sensor:NetConnections]")

    assert config.sensors["Users"].names
    assert not config.sensors["NetConnections"].addresses


@pytest.mark.parametrize("indent", ["", "      "])
def test_a_file_of_fructosa_0_x_is_valid(read, tmp_path, indent):
    """Its intervals and its log are used; one warning lists what has no meaning any more."""
    config = read("\n".join(indent + line for line in OLD_FILE.split("\n")))

    assert OLD_INTERVALS_S.keys() <= SENSORS.keys()
    assert OLD_INTERVALS_S == {name: one.time_interval for name, one in config.sensors.items()}
    assert LoggingSettings(filename=Path("/var/log/lagent.log"), level="DEBUG") == config.logging
    expected = f"{tmp_path / 'lagent.conf'}: {OBSOLETE}: [lmaster] (line 1), [Graphite] (line 5)"
    assert (expected,) == config.warnings


def test_a_sensor_that_is_unknown_ends_only_a_new_file(read):
    """lagent 0.x ignored it. Its sections [lmaster] and [Graphite] tell that a file is old."""
    config = read(f"{OLD_FILE}\n[sensor:Mine]\ntime_interval = 10")

    assert OLD_INTERVALS_S.keys() == config.sensors.keys()
    (warning,) = config.warnings
    assert "[sensor:Mine] (line " in warning
    with pytest.raises(ConfigError, match=UNKNOWN_NAME):
        read("[sensor:Mine]\ntime_interval = 10")


def test_the_example_has_all_defaults():
    """Of all sensors and all other sections."""
    loaded = check(example_config(), "lagent.conf", schema(SENSORS))

    assert {name: sensor.Options() for name, sensor in SENSORS.items()} == loaded.labelled("sensor")
    for section in schema(SENSORS):
        if isinstance(section.settings, type):
            assert (section.name, None) in loaded.sections
            assert section.settings() == loaded.one(section.name, section.settings)
    assert () == loaded.warnings
