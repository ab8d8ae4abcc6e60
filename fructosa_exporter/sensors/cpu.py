"""Processors: time spent, load, counts, frequency."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import psutil

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Sample, counter, gauge
from fructosa_exporter.sensor import Sensor, SlowSensorOptions

# The kernel counts a guest's time in user (and in nice) too: as parts of a whole, they'd
# count twice.
_WITHIN_OTHERS = ("guest", "guest_nice")
_IDLE = ("idle", "iowait")


class Elapsed(NamedTuple):
    """How one processor spent the time between two looks."""

    total_s: float
    by_mode_s: dict[str, float]


def elapsed(before: Any, after: Any) -> Elapsed:
    """Return what passed between two ``psutil.cpu_times`` of one processor.

    A mode that went backwards (iowait does) counts as having stood still. *before* None is the
    time of boot, when all were zero.
    """
    modes: dict[str, float] = after._asdict()
    if before is not None:
        modes = {mode: max(0.0, s - getattr(before, mode)) for mode, s in modes.items()}
    return Elapsed(sum(s for mode, s in modes.items() if mode not in _WITHIN_OTHERS), modes)


class _TwoLooks(Sensor):
    """A sensor that covers the time since its previous reading; the first one since boot."""

    read = staticmethod(lambda: psutil.cpu_times(percpu=True))
    _before: Sequence[Any] = ()

    def _elapsed(self) -> Iterator[tuple[str, Elapsed]]:
        """Yield each processor's number and time; none whose clock stood still."""
        before, after = self._before, self.read()
        if len(before) != len(after):  # the first look, or processors came or went
            before = [None] * len(after)
        self._before = after
        for number, times in enumerate(after):
            passed = elapsed(before[number], times)
            if passed.total_s > 0:
                yield str(number), passed


class CPUPercent(_TwoLooks):
    """Share of time each processor was busy, since the previous reading.

    Source: psutil.cpu_times(), i.e. /proc/stat; idle and iowait are not busy. The first reading
    covers the time since boot, as in vmstat and iostat.
    """

    BUSY = gauge(
        "fructosa_cpu_utilization_ratio",
        "Share of time the processor was busy since the previous reading.",
        "cpu",
    )

    def samples(self) -> Iterator[Sample]:
        for cpu, passed in self._elapsed():
            idle_s = sum(passed.by_mode_s.get(mode, 0.0) for mode in _IDLE)
            yield self.BUSY.sample(1 - idle_s / passed.total_s, cpu)


class CPUTimesPercent(_TwoLooks):
    """Share of time each processor spent in each mode, since the previous reading.

    Source: as CPUPercent. A guest's time is part of user (and of nice) as well.
    """

    SHARE = gauge(
        "fructosa_cpu_mode_ratio",
        "Share of time the processor spent in the mode since the previous reading.",
        "cpu",
        "mode",
    )

    def samples(self) -> Iterator[Sample]:
        for cpu, passed in self._elapsed():
            for mode, mode_s in passed.by_mode_s.items():
                yield self.SHARE.sample(mode_s / passed.total_s, cpu, mode)


class CPUTimes(Sensor):
    """Seconds each processor has spent in each mode since boot.

    Source: psutil.cpu_times(), i.e. /proc/stat. A guest's time is part of user (and of nice)
    as well.
    """

    SECONDS = counter(
        "fructosa_cpu_seconds_total", "Time the processor spent in the mode.", "cpu", "mode"
    )

    read = staticmethod(lambda: psutil.cpu_times(percpu=True))

    def samples(self) -> Iterator[Sample]:
        for number, times in enumerate(self.read()):
            cpu = str(number)
            for mode, value_s in zip(times._fields, times, strict=True):
                yield self.SECONDS.sample(value_s, cpu, mode)


class CPUCount(Sensor):
    """How many processors the node has.

    Source: psutil.cpu_count(); hardware threads are what the kernel calls CPUs.
    """

    Options = SlowSensorOptions

    THREADS = gauge("fructosa_cpu_threads", "Hardware threads that are online.")
    CORES = gauge("fructosa_cpu_cores", "Physical cores that are online.")

    read = staticmethod(psutil.cpu_count)

    def samples(self) -> Iterator[Sample]:
        for metric, is_logical in ((self.THREADS, True), (self.CORES, False)):
            value = self.read(logical=is_logical)
            if value is not None:  # a container may hide the topology
                yield metric.sample(value)


class CPUStats(Sensor):
    """Context switches and interrupts since boot, of all processors together.

    Source: psutil.cpu_stats(), i.e. /proc/stat. System calls, which psutil names too, are not
    counted by Linux.
    """

    FIELDS = {
        "ctx_switches": counter("fructosa_cpu_context_switches_total", "Context switches."),
        "interrupts": counter("fructosa_cpu_interrupts_total", "Hardware interrupts served."),
        "soft_interrupts": counter("fructosa_cpu_soft_interrupts_total", "Soft interrupts served."),
    }

    read = staticmethod(psutil.cpu_stats)

    def samples(self) -> Iterator[Sample]:
        stats = self.read()
        for field, metric in self.FIELDS.items():
            yield metric.sample(getattr(stats, field))


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
