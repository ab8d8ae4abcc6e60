"""Load averages, and the time that tasks have waited for resources."""

import re
from collections.abc import Iterator

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Sample, counter, gauge
from fructosa_exporter.sensor import Sensor

NO_AVERAGES = "/proc/loadavg has no load averages"

# "0.57 0.88 0.66 1/82 15153": averages, runnable/all threads, the process id created last.
_LOAD = re.compile(r"([0-9]{1,9}\.[0-9]+) ([0-9]{1,9}\.[0-9]+) ([0-9]{1,9}\.[0-9]+)\b")
_THREADS = re.compile(r"([0-9]{1,9})/([0-9]{1,9})\b")
# "some avg10=0.16 avg60=0.70 avg300=3.50 total=59948460", in microseconds.
_PRESSURE = re.compile(r"^(some|full) .*\btotal=([0-9]{1,20})$", re.MULTILINE)


class LoadAverage(Sensor):
    """Load averages over 1, 5 and 15 minutes, and the current number of runnable threads.

    Source: /proc/loadavg. The averages also count threads in uninterruptible sleep, for example
    those that wait for a file server that hangs. The current number counts only runnable threads.
    """

    LOAD = gauge(
        "fructosa_load_average",
        "Average number of threads that are runnable or in uninterruptible sleep.",
        "minutes",
    )
    RUNNABLE = gauge("fructosa_load_runnable_threads", "Threads that are currently runnable.")
    THREADS = gauge("fructosa_load_threads", "Threads in total, including kernel threads.")

    read: Kernel = Kernel()

    def samples(self) -> Iterator[Sample]:
        text = self.read.word("/proc/loadavg") or ""
        averages = _LOAD.match(text)
        if not averages:
            raise SensorUnavailable(NO_AVERAGES)
        for minutes, load in zip(("1", "5", "15"), averages.groups(), strict=True):
            yield self.LOAD.sample(float(load), minutes)
        if threads := _THREADS.match(text, averages.end() + 1):
            yield self.RUNNABLE.sample(int(threads[1]))
            yield self.THREADS.sample(int(threads[2]))


class PressureStall(Sensor):
    """Time since boot that threads have waited for processors, memory, I/O and interrupts (PSI).

    Source: /proc/pressure/{cpu,io,memory,irq}, since Linux 4.20; irq since 6.1. Some
    distributions enable it only with psi=1 on the kernel's command line. For cpu there is no
    stalled time, because one thread always runs. For irq there is no waiting time.
    """

    RESOURCES = ("cpu", "io", "memory", "irq")
    WAITING = counter(
        "fructosa_pressure_waiting_seconds_total",
        "Time during which at least one thread waited for the resource.",
        "resource",
    )
    STALLED = counter(
        "fructosa_pressure_stalled_seconds_total",
        "Time during which all threads that had work waited for the resource.",
        "resource",
    )

    read: Kernel = Kernel()
    _measured: tuple[str, ...] = RESOURCES

    def samples(self) -> Iterator[Sample]:
        pressures = {
            resource: parse_pressure(text)
            for resource in self._measured
            if (text := self.read.word(f"/proc/pressure/{resource}"))
        }
        if not any(pressures.values()):
            raise SensorUnavailable(
                "the kernel does not measure pressure stall information; boot it with psi=1 if it "
                "supports PSI"
            )
        self._measured = tuple(pressures)  # what a kernel does not measure now, it never will
        # Since 5.13, kernels print a "full" line for cpu, which is zero or meaningless.
        pressures.get("cpu", {}).pop("full", None)
        for resource, times_s in pressures.items():
            for kind, metric in (("some", self.WAITING), ("full", self.STALLED)):
                if kind in times_s:
                    yield metric.sample(times_s[kind], resource)


def parse_pressure(text: str) -> dict[str, float]:
    """Parse a file of /proc/pressure; return the seconds of waiting as "some" and "full"."""
    return {kind: int(total_us) / 1e6 for kind, total_us in _PRESSURE.findall(text)}
