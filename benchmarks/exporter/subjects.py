"""The sensors of lagent, and the collectors of node_exporter, that are compared."""

from collections.abc import Iterable

# cpu, memory, disks, file systems, network, load, stat. CPUPercent and CPUTimesPercent show
# CPUTimes in another form and have no counterpart in node_exporter.
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

# These read nothing but /proc. File systems are left out: those of a generated tree do not exist.
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
_NOT_PROC = ("filesystem", "DiskUsage")
SENSORS_OF_PROC = tuple(name for name in SENSORS if name not in _NOT_PROC)
COLLECTORS_OF_PROC = tuple(name for name in COLLECTORS if name not in _NOT_PROC)


def only(collectors: Iterable[str]) -> list[str]:
    """Return the options that enable only these *collectors* of node_exporter."""
    return ["--collector.disable-defaults", *(f"--collector.{name}" for name in collectors)]


def present(sensors: Iterable[str], available: Iterable[str]) -> list[str]:
    """Return those of *sensors* that are *available* on this machine."""
    known = set(available)
    return [name for name in sensors if name in known]
