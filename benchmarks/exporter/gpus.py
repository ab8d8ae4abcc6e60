"""`python -m benchmarks.exporter.gpus`: what eight GPUs cost lagent, less what their library takes.

On the tests' driver: sensors as they come, and all read anew for each page. What the library takes
is measured by making the same calls again, in the same order, and nothing else.
"""

import ctypes
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.gpus.all_vendors import AllVendors
from fructosa_exporter.gpus.driver import Driver
from fructosa_exporter.gpus.nvidia.library import LIBRARY, NVML
from fructosa_exporter.page.exposition import Format
from fructosa_exporter.page.rendering import PageRenderer
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.activity import GPUActivity
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor
from tests.nvml.driver import FakeDriver, eight_hoppers

from .processes import CannotRun, node_exporter
from .scraping import scraper
from .table import table

_ROUNDS, _PAGES, _EVERY_S = 30, 20, 15.0
_NOTES = """
Ratios are to the calls, or to node_exporter in the same run. The calls cost little here: the driver
of the tests answers from memory, NVIDIA's asks the GPU."""

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Recorder:
    """pynvml, whose calls are written down."""

    def __init__(self, nvml: Any) -> None:
        self._nvml, self.calls = nvml, list[Call]()
        self.NVMLError = nvml.NVMLError
        self.NVMLLibraryMismatchError = nvml.NVMLLibraryMismatchError

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._nvml, name)
        if name == "_nvmlGetFunctionPointer":
            return lambda function: self._recorded(found(function))
        is_call = name.startswith("nvml") and callable(found)
        return self._recorded(found) if is_call else found

    def _recorded(self, found: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append((found, arguments))
            return found(*arguments)

        return call


class Recorded(NVML):
    """NVML whose calls are written down while it is asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.recorder: Recorder | None = None

    def _loaded(self) -> Any:
        self.recorder = Recorder(super()._loaded())
        return self.recorder


class Scrapes:
    """Sensors of GPUs as scrapes find them that come every 15 s, by a clock of their own.

    All are read anew for each page, or those that are due by their own ``time_interval``.
    """

    def __init__(self, library: NVML, is_anew: bool) -> None:
        machine, self._now_s, self._renderer = AllVendors(Driver(library)), 0.0, PageRenderer()
        kinds = [kind for kind in SENSORS.values() if issubclass(kind, GPUSensor)]
        every_s = {"time_interval": 0.0} if is_anew else {}
        sensors = [kind(kind.Options(**every_s), machine) for kind in kinds]
        for sensor in sensors:
            if isinstance(sensor, GPUActivity):  # by their clock it never comes too early
                sensor.clock = lambda: self._now_s
        self.readers = [SensorReader(sensor, lambda: self._now_s) for sensor in sensors]

    def page(self) -> str:
        """Return the next page."""
        self._now_s += _EVERY_S
        for reader in self.readers:
            if reader.needs_reading(self._now_s):
                reader.finish(reader.run())
        states = [reader.state(self._now_s, is_awaited=False) for reader in self.readers]
        return self._renderer.render(states, Format.TEXT)[0]


def again(calls: list[Call], error: type[Exception]) -> None:
    """Make *calls* again, as they were; some are answered by an error."""
    for call, arguments in calls:
        try:
            call(*arguments)
        except error:
            continue


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of *work*, done so many *times*, in ms for one."""
    began_s = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began_s) / times * 1000


def measure(*, is_anew: bool, peer_us: float) -> list[tuple[str, ...]]:
    """Return what a page costs, what the library's calls cost alone, and the rest."""
    recorded = Recorded()
    to_record, ours = Scrapes(recorded, is_anew), Scrapes(NVML(), is_anew)
    for _ in range(_PAGES):  # opens the library, and asks for what is asked for once
        to_record.page(), ours.page()
    recorder = recorded.recorder
    if recorder is None:
        raise CannotRun(f"the sensors did not open {LIBRARY}")
    recorder.calls.clear()
    for _ in range(_PAGES):
        to_record.page()
    calls, error = list(recorder.calls), recorder.NVMLError
    samples = sum(len(reader.last.samples) for reader in to_record.readers if reader.last)
    pairs = [
        (cpu_ms(ours.page, _PAGES), cpu_ms(lambda: again(calls, error), 1) / _PAGES)
        for _ in range(_ROUNDS)
    ]
    name = "read anew" if is_anew else "as it comes"
    return rows(name, pairs, len(calls), samples, peer_us)


def rows(
    name: str, pairs: list[tuple[float, float]], calls: int, samples: int, peer_us: float
) -> list[tuple[str, ...]]:
    """Return the table's rows, of *pairs* of a page's cost and that of its calls, in ms."""
    page_ms, calls_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    ours_ms = statistics.median(page - call for page, call in pairs)
    ours_us = ours_ms / samples * 1000
    return [
        (
            f"{name}: a page with {samples} samples",
            f"{page_ms:.2f} ms",
            f"{page_ms / calls_ms:.2f}",
        ),
        (f"its {calls / _PAGES:.0f} calls of pynvml, alone", f"{calls_ms:.2f} ms", "1"),
        ("the rest, which is lagent's", f"{ours_ms:.2f} ms", f"{ours_ms / calls_ms:.2f}"),
        ("of that, a sample", f"{ours_us:.2f} us", ""),
        ("  of node_exporter's for a sample", "", f"{ours_us / peer_us:.3f}"),
    ]


def of_peer() -> float:
    """Return node_exporter's CPU time for a sample, in microseconds."""
    with node_exporter() as exporter, scraper(exporter) as one:
        samples = sum(not line.startswith("#") for line in one.page()[0].splitlines())
        began_s = exporter.cpu_s()
        for _ in range(_PAGES):
            one.scrape()
        return (exporter.cpu_s() - began_s) / _PAGES / samples * 1e6


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="bench-gpus-") as name:
        fake = FakeDriver(Path(name), eight_hoppers())
        fake.write()
        os.environ.update(fake.environment)
        # The loader looks at LD_LIBRARY_PATH only when a program begins; a library that is
        # loaded already it finds by its name.
        ctypes.CDLL(f"{fake.environment['LD_LIBRARY_PATH']}/{LIBRARY}", mode=ctypes.RTLD_GLOBAL)
        head = ("eight GPUs, a scrape in 15 s", "CPU time", "ratio to the calls")
        peer_us = of_peer()
        print(
            table(
                head,
                [
                    row
                    for is_anew in (False, True)
                    for row in measure(is_anew=is_anew, peer_us=peer_us)
                ],
            )
        )
        print(_NOTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
