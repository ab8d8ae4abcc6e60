"""All sensors, in the order in which they are read and shown.

To add one: write its class in the file of its subject, and name it here.
"""

from fructosa_exporter.sensor import Sensor

from .agent import Agent
from .cpu import CPUCount, CPUFreq, CPUPercent, CPUStats, CPUTimes, CPUTimesPercent
from .disk import DiskIOCounters, DiskPartitions, DiskUsage
from .memory import SwapMemory, VirtualMemory
from .network import NetConnections, NetIFAddrs, NetIFStats, NetIOCounters
from .system import BootTime, Users
from .temperature import SensorsBattery, SensorsFans, SensorsTemperatures

SENSORS: dict[str, type[Sensor]] = {
    sensor.name: sensor
    for sensor in (
        CPUPercent,
        CPUTimes,
        CPUTimesPercent,
        CPUCount,
        CPUStats,
        CPUFreq,
        VirtualMemory,
        SwapMemory,
        DiskPartitions,
        DiskUsage,
        DiskIOCounters,
        NetIOCounters,
        NetConnections,
        NetIFAddrs,
        NetIFStats,
        SensorsTemperatures,
        SensorsFans,
        SensorsBattery,
        BootTime,
        Users,
    )
}

__all__ = ["SENSORS", "Agent"]
