"""The names of FrUCToSA 0.3, so that its dashboards and history stay usable.

It sent psutil's values as ``node.Sensor.field``: percentages, megahertz, milliseconds; of times,
disks and interfaces their sum, where lagent exposes each; and zeros where the machine has no value.
Sensors with nested values or lists were never stored in Graphite and have no old names.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .graphite_paths import EMPTY, HASH_MARK, part


@dataclass(frozen=True)
class Renamed:
    """The old *name* of a metric without labels, or of the series whose *label* has this *value*.

    If value is None, each series has an old name, which ends in its value of the label.
    """

    name: str
    factor: float = 1.0
    label: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class SummedName:
    """The old *name* of the sum or mean of a metric's series *over* a label.

    With *by*, there is one for each value of that label, and the name ends in that value.
    """

    name: str
    over: str
    by: str | None = None
    factor: float = 1.0
    is_mean: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its metric."""
        return (self.over,) if self.by is None else (self.over, self.by)


class LegacyZero(NamedTuple):
    """A series that is 0 on a page without the *metric*, if the page has the series *beside* it.

    Without a metric, lagent never has this series.
    """

    name: str
    metric: str
    beside: str


class LegacyTotal(NamedTuple):
    """A computed series: *factor* times the sum of the page's numbers *at* these indexes."""

    path: str
    factor: float
    at: tuple[int, ...]


_MEMORY = (
    "total",
    "available",
    "used",
    "free",
    "active",
    "inactive",
    "buffers",
    "cached",
    "shared",
    "slab",
)
_SPACE = ("total", "used", "free")

RENAMED: Mapping[str, tuple[Renamed, ...]] = {
    "fructosa_cpu_utilization_ratio": (Renamed("CPUPercent", 100, "cpu"),),
    "fructosa_cpu_threads": (Renamed("CPUCount"),),
    "fructosa_cpu_context_switches_total": (Renamed("CPUStats.ctx_switches"),),
    "fructosa_cpu_interrupts_total": (Renamed("CPUStats.interrupts"),),
    "fructosa_cpu_soft_interrupts_total": (Renamed("CPUStats.soft_interrupts"),),
    **{f"fructosa_memory_{it}_bytes": (Renamed(f"VirtualMemory.{it}"),) for it in _MEMORY},
    "fructosa_memory_utilization_ratio": (Renamed("VirtualMemory.percent", 100),),
    **{f"fructosa_swap_{it}_bytes": (Renamed(f"SwapMemory.{it}"),) for it in _SPACE},
    "fructosa_swap_utilization_ratio": (Renamed("SwapMemory.percent", 100),),
    "fructosa_swap_in_bytes_total": (Renamed("SwapMemory.sin"),),
    "fructosa_swap_out_bytes_total": (Renamed("SwapMemory.sout"),),
    # 0.3 had only the root file system.
    **{
        f"fructosa_filesystem_{it}_bytes": (Renamed(f"DiskUsage.{it}", 1, "mountpoint", "/"),)
        for it in _SPACE
    },
    "fructosa_filesystem_utilization_ratio": (
        Renamed("DiskUsage.percent", 100, "mountpoint", "/"),
    ),
    "fructosa_battery_power_plugged": (Renamed("SensorsBattery.power_plugged"),),
    "fructosa_boot_time_seconds": (Renamed("BootTime"),),
}


def _disk(field: str, factor: float = 1.0) -> SummedName:
    return SummedName(f"DiskIOCounters.{field}", "device", factor=factor)


def _network(field: str) -> SummedName:
    return SummedName(f"NetIOCounters.{field}", "interface")


def _frequency(field: str) -> SummedName:
    return SummedName(f"CPUFreq.{field}", "cpu", factor=1e-6, is_mean=True)


# 0.3 had one battery.
SUMMED: Mapping[str, SummedName] = {
    "fructosa_battery_charge_ratio": SummedName(
        "SensorsBattery.percent", "battery", factor=100, is_mean=True
    ),
    "fructosa_battery_remaining_seconds": SummedName("SensorsBattery.secsleft", "battery"),
    "fructosa_cpu_seconds_total": SummedName("CPUTimes", "cpu", "mode"),
    "fructosa_cpu_mode_ratio": SummedName("CPUTimesPercent", "cpu", "mode", 100, is_mean=True),
    "fructosa_cpu_frequency_hertz": _frequency("current"),
    "fructosa_cpu_frequency_min_hertz": _frequency("min"),
    "fructosa_cpu_frequency_max_hertz": _frequency("max"),
    "fructosa_disk_reads_total": _disk("read_count"),
    "fructosa_disk_writes_total": _disk("write_count"),
    "fructosa_disk_read_bytes_total": _disk("read_bytes"),
    "fructosa_disk_written_bytes_total": _disk("write_bytes"),
    "fructosa_disk_read_seconds_total": _disk("read_time", 1000),
    "fructosa_disk_write_seconds_total": _disk("write_time", 1000),
    "fructosa_disk_reads_merged_total": _disk("read_merged_count"),
    "fructosa_disk_writes_merged_total": _disk("write_merged_count"),
    "fructosa_disk_busy_seconds_total": _disk("busy_time", 1000),
    "fructosa_network_transmit_bytes_total": _network("bytes_sent"),
    "fructosa_network_receive_bytes_total": _network("bytes_recv"),
    "fructosa_network_transmit_packets_total": _network("packets_sent"),
    "fructosa_network_receive_packets_total": _network("packets_recv"),
    "fructosa_network_receive_errors_total": _network("errin"),
    "fructosa_network_transmit_errors_total": _network("errout"),
    "fructosa_network_receive_drops_total": _network("dropin"),
    "fructosa_network_transmit_drops_total": _network("dropout"),
}

# Linux counts no system calls, many virtual machines report no limits of the frequency, and lagent
# exposes only the sizes of swap space that does not exist.
ZEROS = (
    LegacyZero("CPUStats.syscalls", "", "CPUStats.interrupts"),
    LegacyZero("CPUFreq.min", "fructosa_cpu_frequency_min_hertz", "CPUFreq.current"),
    LegacyZero("CPUFreq.max", "fructosa_cpu_frequency_max_hertz", "CPUFreq.current"),
    LegacyZero("SwapMemory.percent", "fructosa_swap_utilization_ratio", "SwapMemory.total"),
    LegacyZero("SwapMemory.sin", "fructosa_swap_in_bytes_total", "SwapMemory.total"),
    LegacyZero("SwapMemory.sout", "fructosa_swap_out_bytes_total", "SwapMemory.total"),
)

# The first parts of old names; a metric of a page with such a name is renamed.
SENSORS = frozenset(
    name.partition(".")[0]
    for name in (
        *(old.name for olds in RENAMED.values() for old in olds),
        *(old.name for old in SUMMED.values()),
    )
)

# 0.3 added up disks without their partitions. A partition has the name of its disk and a number,
# with a p between them if the name of the disk ends in a digit.
_PARTITION = re.compile(r"(.*\d)p\d+|(.*\D)\d+")


def renamed(metric: str, labels: Iterable[tuple[str, str]]) -> tuple[str, float] | None:
    """Return the old name of a series and its factor, None if it had none."""
    values = {label: value for label, value in labels if value}
    for old in RENAMED.get(metric, ()):
        if values.keys() != ({old.label} if old.label else set()):
            continue
        if old.label is None or values[old.label] == old.value:
            return old.name, old.factor
        if old.value is None:
            return f"{old.name}.{part(values[old.label])}", old.factor
    return None


def totals(paths: Sequence[str], takes: Callable[[str], bool]) -> tuple[LegacyTotal, ...]:
    """Return the computed series of a page whose samples have these *paths*.

    *takes* returns whether a metric is stored: none of a dropped metric may look like zero.
    """
    places: dict[str, dict[str, int]] = defaultdict(dict)
    of: dict[str, SummedName] = {}
    for at, found in enumerate(paths):
        metric, *values = found.split(".")
        summed = SUMMED.get(metric)
        if summed and len(values) == len(summed.labels) and _are_all_known(values):
            name = ".".join([summed.name, *values[1:]])
            of[name] = summed
            places[name][values[0]] = at  # the last of repeated series counts
    present = {*paths, *places}
    zeros = [
        LegacyTotal(zero.name, 0.0, ())
        for zero in ZEROS
        if zero.beside in present
        and zero.name not in present
        and (not zero.metric or takes(zero.metric))
    ]
    return (*(_total(name, of[name], places[name]) for name in places), *zeros)


def _are_all_known(values: Iterable[str]) -> bool:
    """Return whether these parts of a path are values: none is missing, or a hash of them all."""
    return not any(value == EMPTY or value.startswith(HASH_MARK) for value in values)


def _total(name: str, summed: SummedName, places: Mapping[str, int]) -> LegacyTotal:
    at = tuple(place for one, place in places.items() if not _is_in(one, summed, places))
    return LegacyTotal(name, summed.factor / (len(at) if summed.is_mean else 1), at)


def _is_in(one: str, summed: SummedName, others: Mapping[str, int]) -> bool:
    """Return whether *one* is a partition of a disk among the *others*."""
    match = _PARTITION.fullmatch(one) if summed.over == "device" else None
    return match is not None and (match[1] or match[2]) in others
