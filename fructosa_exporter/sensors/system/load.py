"""Load: what wants to run, and how long it has waited."""

import re
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter, gauge
from fructosa_exporter.sensor import Sensor

# "0.57 0.88 0.66 1/82 15153": averages, runnable/all threads, the last process id that was given.
_LOAD = re.compile(r"([0-9]{1,9}\.[0-9]+) ([0-9]{1,9}\.[0-9]+) ([0-9]{1,9}\.[0-9]+)\b")
_THREADS = re.compile(r"([0-9]{1,9})/([0-9]{1,9})\b")
# "some avg10=0.16 avg60=0.70 avg300=3.50 total=59948460", in microseconds.
_PRESSURE = re.compile(r"^(some|full) .*\btotal=([0-9]{1,20})$", re.MULTILINE)


class LoadAverage(Sensor):
    """How many threads want to run, on average of 1, 5 and 15 minutes, and right now.

    Source: /proc/loadavg. Linux counts in the averages those too that wait in uninterruptible
    sleep, as for a file server that hangs; right now it counts only what can run.
    """

    LOAD = gauge(
        "fructosa_load_average",
        "Threads that run, want to run or wait in uninterruptible sleep.",
        "minutes",
    )
    RUNNABLE = gauge("fructosa_load_runnable_threads", "Threads that run or want to, right now.")
    THREADS = gauge("fructosa_load_threads", "All threads, those of the kernel included.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        text = self.read.word("/proc/loadavg") or ""
        averages = _LOAD.match(text)
        if not averages:
            raise SensorUnavailable("the kernel tells no load in /proc/loadavg")
        for minutes, load in zip(("1", "5", "15"), averages.groups(), strict=True):
            yield self.LOAD.sample(float(load), minutes)
        if threads := _THREADS.match(text, averages.end() + 1):
            yield self.RUNNABLE.sample(int(threads[1]))
            yield self.THREADS.sample(int(threads[2]))


class PressureStall(Sensor):
    """How long work has waited for processors, memory, I/O and interrupts since boot.

    Source: /proc/pressure/{cpu,io,memory,irq}, since Linux 4.20; irq since 6.1. Some
    distributions turn it on only with psi=1 on the kernel's command line. Processors have no
    stalled: while all wait for one, one runs. Interrupts have no waiting.
    """

    RESOURCES = ("cpu", "io", "memory", "irq")
    WAITING = counter(
        "fructosa_pressure_waiting_seconds_total",
        "Time in which at least one thread waited for the resource.",
        "resource",
    )
    STALLED = counter(
        "fructosa_pressure_stalled_seconds_total",
        "Time in which all threads that had work waited for the resource.",
        "resource",
    )

    read: Kernel = Kernel()
    _measured: tuple[str, ...] = RESOURCES

    def samples(self) -> Iterator[Sample]:
        found = {
            resource: pressure(text)
            for resource in self._measured
            if (text := self.read.word(f"/proc/pressure/{resource}"))
        }
        if not any(found.values()):
            raise SensorUnavailable("the kernel measures no pressure (no PSI, or without psi=1)")
        self._measured = tuple(found)  # what a kernel does not measure now it never will
        # Kernels have printed a "full" of the processors since 5.13: as zero, or as nonsense.
        found.get("cpu", {}).pop("full", None)
        for resource, times_s in found.items():
            for kind, metric in (("some", self.WAITING), ("full", self.STALLED)):
                if kind in times_s:
                    yield metric.sample(times_s[kind], resource)


def pressure(text: str) -> dict[str, float]:
    """Return the seconds of waiting that a file of /proc/pressure tells: some, full."""
    return {kind: int(total_us) / 1e6 for kind, total_us in _PRESSURE.findall(text)}
