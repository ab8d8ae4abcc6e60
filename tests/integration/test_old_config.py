"""Configuration files of FrUCToSA 0.x."""

import requests

from fructosa_service.config.load import OBSOLETE

from .processes import Agent

SENSORS = [
    "CPUPercent",
    "VirtualMemory",
    "CPUTimes",
    "CPUTimesPercent",
    "CPUCount",
    "CPUStats",
    "CPUFreq",
    "SwapMemory",
    "DiskPartitions",
    "DiskUsage",
    "DiskIOCounters",
    "NetIOCounters",
    "NetConnections",
    "NetIFAddrs",
    "NetIFStats",
    "SensorsTemperatures",
    "SensorsFans",
    "SensorsBattery",
    "BootTime",
    "Users",
]
# Lists and nested values, which carbon can't store, and what most nodes do not have.
NEVER_STORED = {
    "SensorsBattery",
    "DiskPartitions",
    "NetConnections",
    "NetIFAddrs",
    "NetIFStats",
    "SensorsTemperatures",
    "SensorsFans",
    "Users",
}
# The examples of the README of 0.3.2, with a log file and a carbon of the test.
LAGENT = """\
[lmaster]
host = localhost
incoming data port = 7888

[Graphite]
host = localhost
carbon receiver pickle port = {pickle_port}

[logging]
filename = {log}
maxBytes = 1073741824
backupCount = 10
level = DEBUG

""" + "\n".join(f"[sensor:{name}]\ntime_interval = 10\n" for name in SENSORS).replace(
    "[sensor:DiskUsage]\ntime_interval = 10\n",
    "[sensor:DiskUsage]\ntime_interval = 30\n#path = /\n",
)

LMASTER = """\
[lmaster]
host = localhost
incoming data port = 7888

[Graphite]
host = 127.0.0.1
carbon receiver pickle port = {pickle_port}

[logging]
filename = {log}
maxBytes = 1073741824
backupCount = 10
level = DEBUG
"""


def warnings(log):
    """Return the warnings in a log file."""
    return [line for line in log.read_text().splitlines() if " WARNING " in line]


def test_an_agent_reads_all_twenty_sensors_with_one_warning(tmp_path):
    """The warning names the obsolete sections."""
    config, log = tmp_path / "lagent.conf", tmp_path / "old.log"
    config.write_text(LAGENT.format(log=log, pickle_port=2004))
    with Agent(tmp_path, "-c", config, log=log) as agent:
        page = requests.get(agent.url, timeout=10).text

    for name in SENSORS:
        assert f'fructosa_sensor_success{{sensor="{name}"}} 1\n' in page
    assert len(SENSORS) == 20
    (warning,) = warnings(log)
    assert f"{OBSOLETE}: [lmaster] (line 1), [Graphite] (line 5)" in warning


def test_a_master_writes_to_its_graphite_with_one_warning(tmp_path, agent, graphite, master):
    """0.3 had no nodes in its files: they are given on the command line or in an added section."""
    config, log = tmp_path / "lmaster.conf", tmp_path / "old.log"
    config.write_text(LMASTER.format(log=log, pickle_port=graphite.pickle_port))

    running = master("-c", config, "--node", agent.address, "--interval", "1", log=log)
    running.wait(lambda: "127-0-0-1.fructosa_boot_time_seconds" in graphite.find("127-0-0-1.*"))

    (warning,) = warnings(log)
    assert f"{OBSOLETE}: [lmaster] incoming data port (line 3)" in warning
