"""All sensors, in the order in which they are read and shown.

To add one: write its class in the file of its subject, and name it here.
"""

from fructosa_exporter.sensor import Sensor

from .agent import Agent
from .clock import ClockSync
from .cpu import CPUCount, CPUFreq, CPUPercent, CPUStats, CPUTimes, CPUTimesPercent
from .disk import DiskIOCounters, DiskPartitions, DiskUsage
from .edac import EDAC
from .energy import EnergyRAPL
from .gpu import (
    GPUClocks,
    GPUFans,
    GPUMemory,
    GPUPower,
    GPUTemperature,
    GPUUtilization,
)
from .gpu_activity import GPUActivity
from .gpu_links import GPUNVLink, GPUPcie
from .gpu_state import GPUErrors, GPUInfo, GPUProcesses
from .infiniband import InfiniBand
from .load import LoadAverage, PressureStall
from .lustre import Lustre
from .memory import SwapMemory, VirtualMemory
from .network import NetConnections, NetIFAddrs, NetIFStats, NetIOCounters
from .nfs import NFSClient
from .numa import NUMAMemory
from .processes import FileDescriptors, Processes
from .system import BootTime, OperatingSystem, Users
from .temperature import SensorsBattery, SensorsFans, SensorsTemperatures
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
