"""All sensors, in the order in which they are read and shown.

To add one: write its class in the file of its subject, and name it here.
"""

from fructosa_exporter.sensor import Sensor

from .agent import Agent
from .gpu.activity import GPUActivity
from .gpu.errors import GPUErrors
from .gpu.info import GPUInfo
from .gpu.links import GPUNVLink, GPUPcie
from .gpu.power import GPUClocks, GPUFans, GPUPower, GPUTemperature
from .gpu.processes import GPUProcesses
from .gpu.usage import GPUMemory, GPUUtilization
from .hardware.edac import EDAC
from .hardware.energy import EnergyRAPL
from .hardware.temperature import SensorsBattery, SensorsFans, SensorsTemperatures
from .network.infiniband import InfiniBand
from .network.interfaces import NetConnections, NetIFAddrs, NetIFStats, NetIOCounters
from .storage.disk import DiskIOCounters, DiskPartitions, DiskUsage
from .storage.lustre import Lustre
from .storage.nfs import NFSClient
from .system.clock import ClockSync
from .system.cpu import CPUCount, CPUFreq, CPUPercent, CPUStats, CPUTimes, CPUTimesPercent
from .system.load import LoadAverage, PressureStall
from .system.memory import SwapMemory, VirtualMemory
from .system.numa import NUMAMemory
from .system.operating_system import BootTime, OperatingSystem, Users
from .system.processes import FileDescriptors, Processes
from .textfile import TextFile

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
        LoadAverage,
        PressureStall,
        Processes,
        FileDescriptors,
        OperatingSystem,
        ClockSync,
        NUMAMemory,
        InfiniBand,
        NFSClient,
        Lustre,
        EDAC,
        EnergyRAPL,
        TextFile,
        GPUUtilization,
        GPUMemory,
        GPUTemperature,
        GPUPower,
        GPUClocks,
        GPUFans,
        GPUPcie,
        GPUNVLink,
        GPUErrors,
        GPUProcesses,
        GPUInfo,
        GPUActivity,  # it may sleep at first: the others need not wait
    )
}

__all__ = ["SENSORS", "Agent"]
