"""Processors: time spent, load, counts, frequency."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Key, Metric, Rows, Sample, counter, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions, SlowSensorOptions
from fructosa_exporter.sources.devices import KeyCache
from fructosa_exporter.sources.proc_stat import MODES, SHARED, ProcStat, ticks_between, total_ticks
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

_IDLE = tuple(map(MODES.index, ("idle", "iowait")))
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Ticks are ten milliseconds: further digits of a share would be noise, and those of a time are
# none. On 256 threads they would be half the page.
_SHARE_DIGITS = 6
_TIME_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class PerCPUOptions(SensorOptions):
    """Whether each processor is told of."""

    percpu: bool = option(
        YES_NO,
        True,
        'Tell of each processor; no tells of all together, as cpu="all", which on nodes with '
        "hundreds of them saves most of the page.",
    )


class _PerCPU(Sensor):
    """A sensor that tells of each processor, or of all together."""

    Options = PerCPUOptions
    options: PerCPUOptions

    read = SHARED

    def __init__(self, options: PerCPUOptions | None = None, read: Any = None) -> None:
        super().__init__(options, read)
        self._keys = KeyCache(self.metrics)

    def _read(self) -> ProcStat:
        """Return the reading; the processors together are one that is called all."""
        stat: ProcStat = self.read()
        if self.options.percpu:
            return stat
        return stat._replace(processors=("all",), ticks=[[ticks] for ticks in stat.total])

    def _by_mode(self, metric: Metric, names: tuple[str, ...], modes: int) -> list[Key]:
        """Return the keys of a metric by mode and, within a mode, by processor."""
        return self._keys.get(
            (names, modes),
            lambda: metric.keys((name, mode) for mode in MODES[:modes] for name in names),
        )


class _SincePreviousReading(_PerCPU):
    """A sensor that covers the time since its previous reading; the first one since boot."""

    _before: ProcStat | None = None

    def _passed(self) -> tuple[tuple[str, ...], list[int], list[list[int]]]:
        """Return processors, the whole of the time of each, and its modes, in ticks.

        A processor whose clock stood still is left out.
        """
        before, self._before = self._before, self._read()
        rows = ticks_between(before, self._before)
        whole = total_ticks(rows)
        if all(whole):
            return self._before.processors, whole, rows
        going = [at for at, ticks in enumerate(whole) if ticks]
        names = tuple(self._before.processors[at] for at in going)
        return names, [whole[at] for at in going], [[row[at] for at in going] for row in rows]


class CPUPercent(_SincePreviousReading):
    """Share of time each processor was busy, since the previous reading.

    Source: /proc/stat; idle and iowait are not busy. The first reading covers the time since
    boot, as in vmstat and iostat.
    """

    BUSY = gauge(
        "fructosa_cpu_utilization_ratio",
        "Share of time the processor was busy since the previous reading.",
        "cpu",
        digits=_SHARE_DIGITS,
    )

    def samples(self) -> Iterator[Rows]:
        names, whole, rows = self._passed()
        idle = map(sum, zip(*(rows[at] for at in _IDLE if at < len(rows)), strict=True))
        yield Rows(self._keys.each(names), [1 - i / w for i, w in zip(idle, whole, strict=True)])


class CPUTimesPercent(_SincePreviousReading):
    """Share of time each processor spent in each mode, since the previous reading.

    Source: as CPUPercent. A guest's time is part of user (and of nice) as well. Prometheus and
    Graphite work the same out of CPUTimes, and on many processors it is half the page, so it is
    read only on request.
    """

    on_by_default = False

    SHARE = gauge(
        "fructosa_cpu_mode_ratio",
        "Share of time the processor spent in the mode since the previous reading.",
        "cpu",
        "mode",
        digits=_SHARE_DIGITS,
    )

    def samples(self) -> Iterator[Rows]:
        names, whole, rows = self._passed()
        shares = [ticks / w for row in rows for ticks, w in zip(row, whole, strict=True)]
        yield Rows(self._by_mode(self.SHARE, names, len(rows)), shares)


class CPUTimes(_PerCPU):
    """Seconds each processor has spent in each mode since boot.

    Source: /proc/stat. A guest's time is part of user (and of nice) as well.
    """

    SECONDS = counter(
        "fructosa_cpu_seconds_total",
        "Time the processor spent in the mode.",
        "cpu",
        "mode",
        digits=_TIME_DIGITS,
    )

    def samples(self) -> Iterator[Rows]:
        stat = self._read()
        times_s = [ticks / _TICKS_PER_S for row in stat.ticks for ticks in row]
        yield Rows(self._by_mode(self.SECONDS, stat.processors, len(stat.ticks)), times_s)


class CPUCount(Sensor):
    """How many processors the node has.

    Source: psutil.cpu_count(); hardware threads are what the kernel calls CPUs.
    """

    Options = SlowSensorOptions

    THREADS = gauge("fructosa_cpu_threads", "Hardware threads that are online.")
    CORES = gauge("fructosa_cpu_cores", "Physical cores that are online.")

    read = staticmethod(psutil.cpu_count)
    _threads: int | None = None
    _cores: int | None = None

    def samples(self) -> Iterator[Sample]:
        threads = self.read(logical=True)
        if threads != self._threads:
            # To count cores is to read some files of each thread: only when threads came or went.
            self._threads, self._cores = threads, self.read(logical=False)
        for metric, value in ((self.THREADS, threads), (self.CORES, self._cores)):
            if value is not None:  # a container may hide the topology
                yield metric.sample(value)


class CPUStats(Sensor):
    """Context switches, interrupts and forks since boot, and threads that wait for I/O.

    Source: /proc/stat. System calls, which psutil names too, are not counted by Linux.
    """

    FIELDS = {
        "ctxt": counter("fructosa_cpu_context_switches_total", "Context switches."),
        "intr": counter("fructosa_cpu_interrupts_total", "Hardware interrupts served."),
        "softirq": counter("fructosa_cpu_soft_interrupts_total", "Soft interrupts served."),
        "processes": counter(
            "fructosa_process_forks_total", "Processes and threads begun since boot."
        ),
        "procs_blocked": gauge("fructosa_process_blocked_threads", "Threads that wait for I/O."),
    }

    read = SHARED

    def samples(self) -> Iterator[Sample]:
        numbers = self.read().numbers
        for field, metric in self.FIELDS.items():
            if field in numbers:
                yield metric.sample(numbers[field])


class CPUFreq(Sensor):
    """Frequency of each processor, and its limits where the kernel knows them.

    Source: psutil.cpu_freq(), i.e. /sys/devices/system/cpu/*/cpufreq, else /proc/cpuinfo.
    """

    Options = SlowSensorOptions
    cost = "up to 20 ms a processor on machines with many, so by default once a minute"

    FIELDS = {
        "current": gauge("fructosa_cpu_frequency_hertz", "Present frequency.", "cpu"),
        "min": gauge("fructosa_cpu_frequency_min_hertz", "Lowest frequency.", "cpu"),
        "max": gauge("fructosa_cpu_frequency_max_hertz", "Highest frequency.", "cpu"),
    }

    read = staticmethod(lambda: psutil.cpu_freq(percpu=True))

    def samples(self) -> Iterator[Sample]:
        frequencies = self.read()
        if not frequencies:
            raise SensorUnavailable("the kernel tells no frequency of the processors")
        for number, frequency in enumerate(frequencies):
            for field, metric in self.FIELDS.items():
                megahertz = getattr(frequency, field)
                if megahertz:  # psutil says 0.0 for what the kernel does not know
                    yield metric.sample(megahertz * 1e6, str(number))
