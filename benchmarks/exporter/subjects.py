"""What both exporters read: sensors of lagent, and the collectors of node_exporter like them."""

from collections.abc import Iterable

# cpu, memory, disks, file systems, network, load, stat. A sensor that repeats what another tells
# (CPUPercent and CPUTimesPercent are CPUTimes in another form) has no match in node_exporter.
SENSORS = (
    "CPUTimes",
    "CPUStats",
    "VirtualMemory",
    "SwapMemory",
    "DiskUsage",
    "DiskIOCounters",
    "NetIOCounters",
    "LoadAverage",
    "BootTime",
)
COLLECTORS = ("cpu", "meminfo", "diskstats", "filesystem", "netdev", "loadavg", "stat")

# What reads nothing but /proc. File systems are left out: those of a tree are mounted nowhere.
PROC_SENSORS = (
    "CPUPercent",
    "CPUTimes",
    "CPUTimesPercent",
    "CPUStats",
    "VirtualMemory",
    "SwapMemory",
    "DiskIOCounters",
    "NetIOCounters",
    "LoadAverage",
    "PressureStall",
    "FileDescriptors",
    "BootTime",
)
PROC_COLLECTORS = (
    "cpu",
    "meminfo",
    "diskstats",
    "netdev",
    "loadavg",
    "stat",
    "vmstat",
    "netstat",
    "sockstat",
    "softnet",
    "pressure",
    "filefd",
    "entropy",
)
_NO_PROC = ("filesystem", "DiskUsage")
SENSORS_OF_PROC = tuple(name for name in SENSORS if name not in _NO_PROC)
COLLECTORS_OF_PROC = tuple(name for name in COLLECTORS if name not in _NO_PROC)


def only(collectors: Iterable[str]) -> list[str]:
    """Return the options with which node_exporter has these *collectors* alone."""
    return ["--collector.disable-defaults", *(f"--collector.{name}" for name in collectors)]


def present(sensors: Iterable[str], here: Iterable[str]) -> list[str]:
    """Return those of *sensors* that this lagent can read *here*."""
    known = set(here)
    return [name for name in sensors if name in known]
