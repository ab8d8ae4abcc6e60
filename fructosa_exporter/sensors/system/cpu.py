"""Processors: time per mode, utilization, counts, frequency."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Key, Metric, Rows, Sample, counter, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions, SlowSensorOptions
from fructosa_exporter.sources.devices import KeyCache
from fructosa_exporter.sources.hardware.cpu_frequencies import cpu_frequencies
from fructosa_exporter.sources.proc_stat import MODES, SHARED, ProcStat, ticks_between, total_ticks
from fructosa_service.config.kinds import YES_NO
from fructosa_service.config.settings import option

_IDLE = tuple(map(MODES.index, ("idle", "iowait")))
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# A tick is 10 ms: more digits of a ratio would be noise, and a time has no more. On 256 threads
# they would make up half the page.
_RATIO_DIGITS = 6
_TIME_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class PerCPUOptions(SensorOptions):
    """Whether each processor has samples of its own."""

    percpu: bool = option(
        YES_NO,
        True,
        'Expose each processor; "no" exposes their sum as cpu="all", which makes the page much '
        "smaller on nodes with hundreds of processors.",
    )


class _PerCPU(Sensor):
    """A sensor with samples for each processor, or for the sum of all."""

    Options = PerCPUOptions
    options: PerCPUOptions

    read = SHARED

    def __init__(self, options: PerCPUOptions | None = None, read: Any = None) -> None:
        super().__init__(options, read)
        self._keys = KeyCache(self.metrics)

    def _read(self) -> ProcStat:
        """Return the reading; without ``percpu``, the sum of all processors is named "all"."""
        stat: ProcStat = self.read()
        if self.options.percpu:
            return stat
        return stat._replace(processors=("all",), ticks=[[ticks] for ticks in stat.total])

    def _by_mode(self, metric: Metric, names: tuple[str, ...], modes: int) -> list[Key]:
        """Return the keys of a metric, ordered by mode, then by processor."""
        return self._keys.get(
            (names, modes),
            lambda: metric.keys((name, mode) for mode in MODES[:modes] for name in names),
        )


class _SincePreviousReading(_PerCPU):
    """A sensor that covers the time since its previous reading; the first one since boot."""

    _previous: ProcStat | None = None

    def _elapsed(self) -> tuple[tuple[str, ...], list[int], list[list[int]]]:
        """Return the processors, the total ticks of each, and the ticks of each mode.

        Processors whose ticks did not advance are left out.
        """
        previous, self._previous = self._previous, self._read()
        rows = ticks_between(previous, self._previous)
        totals = total_ticks(rows)
        if all(totals):
            return self._previous.processors, totals, rows
        advanced = [at for at, ticks in enumerate(totals) if ticks]
        names = tuple(self._previous.processors[at] for at in advanced)
        return (
            names,
            [totals[at] for at in advanced],
            [[row[at] for at in advanced] for row in rows],
        )


class CPUPercent(_SincePreviousReading):
    """Share of time that each processor was busy since the previous reading.

    Source: /proc/stat. The modes idle and iowait do not count as busy. The first reading covers
    the time since boot, as in vmstat and iostat.
    """

    BUSY = gauge(
        "fructosa_cpu_utilization_ratio",
        "Share of time that the processor was busy since the previous reading.",
        "cpu",
        digits=_RATIO_DIGITS,
    )

    def samples(self) -> Iterator[Rows]:
        names, totals, rows = self._elapsed()
        idle = map(sum, zip(*(rows[at] for at in _IDLE if at < len(rows)), strict=True))
        yield Rows(self._keys.each(names), [1 - i / t for i, t in zip(idle, totals, strict=True)])


class CPUTimesPercent(_SincePreviousReading):
    """Share of time that each processor spent in each mode since the previous reading.

    Source: as CPUPercent. The time of guests is also part of user and nice. The sensor is off by
    default: Prometheus and Graphite can compute the same from CPUTimes, and with many processors
    it makes up half the page.
    """

    on_by_default = False

    RATIO = gauge(
        "fructosa_cpu_mode_ratio",
        "Share of time that the processor spent in the mode since the previous reading.",
        "cpu",
        "mode",
        digits=_RATIO_DIGITS,
        without_panel="the same as the rate of fructosa_cpu_seconds_total",
    )

    def samples(self) -> Iterator[Rows]:
        names, totals, rows = self._elapsed()
        ratios = [ticks / total for row in rows for ticks, total in zip(row, totals, strict=True)]
        yield Rows(self._by_mode(self.RATIO, names, len(rows)), ratios)


class CPUTimes(_PerCPU):
    """Seconds that each processor has spent in each mode since boot.

    Source: /proc/stat. The time of guests is also part of user and nice.
    """

    SECONDS = counter(
        "fructosa_cpu_seconds_total",
        "Time that the processor spent in the mode.",
        "cpu",
        "mode",
        digits=_TIME_DIGITS,
    )

    def samples(self) -> Iterator[Rows]:
        stat = self._read()
        times_s = [ticks / _TICKS_PER_S for row in stat.ticks for ticks in row]
        yield Rows(self._by_mode(self.SECONDS, stat.processors, len(stat.ticks)), times_s)


class CPUCount(Sensor):
    """Number of hardware threads and physical cores.

    Source: psutil.cpu_count(). Hardware threads are what the kernel calls CPUs.
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
            # Counting cores reads some files for each thread: do it only if their number changed.
            self._threads, self._cores = threads, self.read(logical=False)
        for metric, value in ((self.THREADS, threads), (self.CORES, self._cores)):
            if value is not None:  # a container may hide the topology
                yield metric.sample(value)


class CPUStats(Sensor):
    """Context switches, interrupts and forks since boot, and threads blocked on I/O.

    Source: /proc/stat. Linux does not count system calls, although psutil has a field for them.
    """

    FIELDS = {
        "ctxt": counter("fructosa_cpu_context_switches_total", "Context switches."),
        "intr": counter("fructosa_cpu_interrupts_total", "Interrupts serviced."),
        "softirq": counter("fructosa_cpu_soft_interrupts_total", "Softirqs serviced."),
        "processes": counter(
            "fructosa_process_forks_total", "Processes and threads created since boot."
        ),
        "procs_blocked": gauge("fructosa_process_blocked_threads", "Threads blocked on I/O."),
    }

    read = SHARED

    def samples(self) -> Iterator[Sample]:
        numbers = self.read().numbers
        for field, metric in self.FIELDS.items():
            if field in numbers:
                yield metric.sample(numbers[field])


class CPUFreq(Sensor):
    """Frequency of each processor, and its limits if the kernel knows them.

    Source: /sys/devices/system/cpu/cpufreq, and /proc/cpuinfo. Processors that share a policy of
    cpufreq have the frequency of that policy. Processors that are off have none.
    """

    Options = SlowSensorOptions
    cost = "up to 20 ms per processor on machines with many; read once a minute by default"

    FIELDS = {
        "current": gauge(
            "fructosa_cpu_frequency_hertz", "Current frequency of the processor.", "cpu"
        ),
        "lowest": gauge(
            "fructosa_cpu_frequency_min_hertz", "Lowest frequency of the processor.", "cpu"
        ),
        "highest": gauge(
            "fructosa_cpu_frequency_max_hertz", "Highest frequency of the processor.", "cpu"
        ),
    }

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        processors = cpu_frequencies(self.read)
        if not processors:
            raise SensorUnavailable("the kernel reports no CPU frequency")
        if not any(map(any, processors.values())):
            raise OSError(f"none of {len(processors)} CPU frequencies can be read")
        for number, frequencies in processors.items():
            for metric, hertz in zip(self.FIELDS.values(), frequencies, strict=True):
                if hertz is not None:
                    yield metric.sample(hertz, number)
