"""lagent.conf, made into what the agent runs with."""

from pathlib import Path

import pytest

from fructosa_exporter.config import AgentSettings, example_config, read_config, schema
from fructosa_exporter.sensors import SENSORS
from fructosa_service.config.load import check
from fructosa_service.logs import LoggingSettings

# A file as the manual of FrUCToSA 0.x shows it, with all its sensors.
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
    """Read a configuration from its text."""

    def read_text(text):
        path = tmp_path / "lagent.conf"
        path.write_text(text)
        return read_config(path)

    return read_text


def test_without_a_file_everything_has_its_default():
    """The page is served on this machine alone; sensors None means all that can be read."""
    config = read_config(None)

    assert AgentSettings(host="127.0.0.1", port=9888) == config.agent
    assert LoggingSettings() == config.logging
    assert config.sensors is None
    assert () == config.warnings


def test_a_file_without_sensors_leaves_their_choice_to_the_agent(read):
    """Only a section of a sensor makes a choice."""
    config = read("[lagent]\nhost = 0.0.0.0\nport = 0")

    assert AgentSettings(host="0.0.0.0", port=0) == config.agent  # noqa: S104 - it is only read
    assert config.sensors is None


def test_sensors_are_those_that_have_a_section(read):
    """With their own defaults for what the section doesn't say."""
    config = read("[sensor:DiskUsage]\npath = /, /home\n[sensor:CPUCount]")

    disk, count = SENSORS["DiskUsage"].Options, SENSORS["CPUCount"].Options
    expected = {"DiskUsage": disk(path=(Path("/"), Path("/home"))), "CPUCount": count()}
    assert expected == config.sensors
    assert config.sensors["CPUCount"].time_interval == 60


def test_private_labels_are_turned_on_by_an_option(read):
    """And off without it."""
    config = read("[sensor:Users]\nnames = yes\n[sensor:NetConnections]")

    assert config.sensors["Users"].names
    assert not config.sensors["NetConnections"].addresses


@pytest.mark.parametrize("indent", ["", "      "])
def test_a_file_of_fructosa_0_x_keeps_working(read, tmp_path, indent):
    """With its intervals and its log, and one warning of what has no meaning any more."""
    config = read("\n".join(indent + line for line in OLD_FILE.split("\n")))

    assert OLD_INTERVALS_S.keys() <= SENSORS.keys()
    assert OLD_INTERVALS_S == {name: one.time_interval for name, one in config.sensors.items()}
    assert LoggingSettings(filename=Path("/var/log/lagent.log"), level="DEBUG") == config.logging
    expected = (
        f"{tmp_path / 'lagent.conf'}: obsolete keys are ignored: "
        "[lmaster] host (line 2); [lmaster] incoming data port (line 3)"
    )
    assert (expected,) == config.warnings


def test_the_example_gives_every_sensor_its_defaults():
    """And every other section too."""
    found = check(example_config(), "lagent.conf", schema(SENSORS))

    assert {name: sensor.Options() for name, sensor in SENSORS.items()} == found.labelled("sensor")
    for section in schema(SENSORS):
        if isinstance(section.settings, type):
            assert (section.name, None) in found.sections
            assert section.settings() == found.one(section.name, section.settings)
    assert () == found.warnings
