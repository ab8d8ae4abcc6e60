"""What FrUCToSA 0.3 called the readings of a node, so that its dashboards and history go on.

It sent what psutil told, as ``node.Sensor.field``: percentages, megahertz, milliseconds, and for
times, disks and interfaces the sum over all of them, where lagent tells of each. Sensors whose
readings were nested or lists never came into Graphite, and have no old names.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .graphite_paths import NAMES_A_LABEL, part


@dataclass(frozen=True)
class Renamed:
    """The old *name* of a metric without labels, or of its series whose *label* has the *value*.

    Without a value each series of the label has an old name, which ends in its own.
    """

    name: str
    factor: float = 1.0
    label: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class SummedName:
    """The old *name* of what a metric's series make together *over* a label: the sum or the mean.

    With *by* there is one for each value of that label, and it ends in it.
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


class LegacyTotal(NamedTuple):
    """A value to be worked out: *factor* times the sum of the page's numbers *at* these places."""

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
    # 0.3 knew only the file system at the root.
    **{
        f"fructosa_filesystem_{it}_bytes": (Renamed(f"DiskUsage.{it}", 1, "mountpoint", "/"),)
        for it in _SPACE
    },
    "fructosa_filesystem_utilization_ratio": (
        Renamed("DiskUsage.percent", 100, "mountpoint", "/"),
    ),
    "fructosa_battery_charge_ratio": (Renamed("SensorsBattery.percent", 100),),
    "fructosa_battery_remaining_seconds": (Renamed("SensorsBattery.secsleft"),),
    "fructosa_battery_power_plugged": (Renamed("SensorsBattery.power_plugged"),),
    "fructosa_boot_time_seconds": (Renamed("BootTime"),),
}


def _disk(field: str, factor: float = 1.0) -> SummedName:
    return SummedName(f"DiskIOCounters.{field}", "device", factor=factor)


def _network(field: str) -> SummedName:
    return SummedName(f"NetIOCounters.{field}", "interface")


def _frequency(field: str) -> SummedName:
    return SummedName(f"CPUFreq.{field}", "cpu", factor=1e-6, is_mean=True)


SUMMED: Mapping[str, SummedName] = {
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

# What old names begin with; a page's metric that is called so gives way to them.
SENSORS = frozenset(
    name.partition(".")[0]
    for name in (
        *(old.name for olds in RENAMED.values() for old in olds),
        *(old.name for old in SUMMED.values()),
    )
)

# Of what is told of disks and partitions 0.3 added up the disks alone: a partition is called like
# its disk, with a number; with a p between where the disk's name ends in a digit.
_PARTITION = re.compile(r"(.*\d)p\d+|(.*\D)\d+")


def renamed(metric: str, labels: Iterable[tuple[str, str]]) -> tuple[str, float] | None:
    """Return the old name of a series and its factor; None where it had none."""
    said = {label: value for label, value in labels if value}
    for old in RENAMED.get(metric, ()):
        if said.keys() != ({old.label} if old.label else set()):
            continue
        if old.label is None or said[old.label] == old.value:
            return old.name, old.factor
        if old.value is None:
            return f"{old.name}.{part(said[old.label])}", old.factor
    return None


def summed_labels(
    metric: str, labels: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...] | None:
    """Return *labels* in the order in which ``totals`` knows them; as they are for other metrics.

    None where a metric that is summed up has other labels than lagent gives it.
    """
    summed = SUMMED.get(metric)
    if summed is None:
        return labels
    said = {label: value for label, value in labels if value}
    if said.keys() != set(summed.labels):
        return None
    return tuple((label, said[label]) for label in summed.labels)


def totals(paths: Sequence[str]) -> tuple[LegacyTotal, ...]:
    """Return what 0.3 had of a page whose samples have these *paths*, and the page has not."""
    places: dict[str, dict[str, int]] = defaultdict(dict)
    of: dict[str, SummedName] = {}
    for at, found in enumerate(paths):
        metric, *values = found.split(".")
        summed = SUMMED.get(metric)
        if summed and len(values) == len(summed.labels) and not _is_explicit(values):
            name = ".".join([summed.name, *values[1:]])
            of[name] = summed
            places[name][values[0]] = at  # of a series that is said twice the last counts
    return tuple(_total(name, of[name], places[name]) for name in places)


def _is_explicit(values: Iterable[str]) -> bool:
    """Tell whether a path names its labels, or is a hash."""
    return any(NAMES_A_LABEL in value or value.startswith("##") for value in values)


def _total(name: str, summed: SummedName, places: Mapping[str, int]) -> LegacyTotal:
    at = tuple(place for one, place in places.items() if not _is_in(one, summed, places))
    return LegacyTotal(name, summed.factor / (len(at) if summed.is_mean else 1), at)


def _is_in(one: str, summed: SummedName, others: Mapping[str, int]) -> bool:
    """Tell whether *one* is a partition of a disk that is among the *others*."""
    match = _PARTITION.fullmatch(one) if summed.over == "device" else None
    return match is not None and (match[1] or match[2]) in others
