"""`python -m benchmarks.exporter.gpus`: what eight GPUs cost lagent, without the GPU library.

It uses the fake driver of the tests, once with the sensors' default intervals, once with all
sensors read for each page. To find what the library takes, it makes only the same calls again, in
the same order.
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
from fructosa_exporter.gpus.nvidia.nvml import LIBRARY, NVML
from fructosa_exporter.page.exposition import Format
from fructosa_exporter.page.rendering import PageRenderer
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.sensors.gpu.activity import GPUActivity
from fructosa_exporter.sensors.gpu.gpu_sensor import GPUSensor
from tests.nvml.driver import FakeDriver, eight_hoppers

from .processes import CannotRun, node_exporter
from .scraping import scraper
from .table import table

_ROUNDS, _PAGES, _INTERVAL_S = 30, 20, 15.0
_NOTES = """
Ratios are to the calls, or to node_exporter in the same run. The calls are cheap here: the fake
driver returns values from memory, where NVIDIA's queries the GPU."""

Call = tuple[Callable[..., Any], tuple[Any, ...]]


class CallRecorder:
    """pynvml that records the calls of its functions."""

    def __init__(self, nvml: Any) -> None:
        self._nvml, self.calls = nvml, list[Call]()
        self.NVMLError = nvml.NVMLError
        self.NVMLLibraryMismatchError = nvml.NVMLLibraryMismatchError

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._nvml, name)
        if name == "_nvmlGetFunctionPointer":
            return lambda function: self._recording(attribute(function))
        is_call = name.startswith("nvml") and callable(attribute)
        return self._recording(attribute) if is_call else attribute

    def _recording(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls.append((function, arguments))
            return function(*arguments)

        return call


class RecordedNVML(NVML):
    """NVML with a call recorder."""

    def __init__(self) -> None:
        super().__init__()
        self.recorder: CallRecorder | None = None

    def _load(self) -> Any:
        self.recorder = CallRecorder(super()._load())
        return self.recorder


class Scrapes:
    """Scrapes of all GPU sensors, every 15 s of a simulated clock.

    Each page has either all sensors read, or those that are due by their own ``time_interval``.
    """

    def __init__(self, library: NVML, read_all: bool) -> None:
        machine, self._now_s, self._renderer = AllVendors(Driver(library)), 0.0, PageRenderer()
        kinds = [kind for kind in SENSORS.values() if issubclass(kind, GPUSensor)]
        options = {"time_interval": 0.0} if read_all else {}
        sensors = [kind(kind.Options(**options), machine) for kind in kinds]
        for sensor in sensors:
            if isinstance(sensor, GPUActivity):  # it waits for some time between two samples
                sensor.clock = lambda: self._now_s
        self.readers = [SensorReader(sensor, lambda: self._now_s) for sensor in sensors]

    def page(self) -> str:
        """Return the next page."""
        self._now_s += _INTERVAL_S
        for reader in self.readers:
            if reader.needs_reading(self._now_s):
                reader.finish(reader.run())
        states = [reader.state(self._now_s, is_awaited=False) for reader in self.readers]
        return self._renderer.render(states, Format.TEXT)[0]


def repeat(calls: list[Call], error: type[Exception]) -> None:
    """Make *calls* again; ignore those that raise *error*."""
    for call, arguments in calls:
        try:
            call(*arguments)
        except error:
            continue


def cpu_ms(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of one call of *work* in ms, measured over *times* calls."""
    started_s = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started_s) / times * 1000


def measure(*, read_all: bool, peer_us: float) -> list[tuple[str, ...]]:
    """Return the rows for a page, for the library's calls alone, and for the rest."""
    library = RecordedNVML()
    recorded, plain = Scrapes(library, read_all), Scrapes(NVML(), read_all)
    for _ in range(_PAGES):  # opens the library, and makes the calls that are made only once
        recorded.page(), plain.page()
    recorder = library.recorder
    if recorder is None:
        raise CannotRun(f"the sensors did not open {LIBRARY}")
    recorder.calls.clear()
    for _ in range(_PAGES):
        recorded.page()
    calls, error = list(recorder.calls), recorder.NVMLError
    samples = sum(len(reader.last.samples) for reader in recorded.readers if reader.last)
    pairs = [
        (cpu_ms(plain.page, _PAGES), cpu_ms(lambda: repeat(calls, error), 1) / _PAGES)
        for _ in range(_ROUNDS)
    ]
    name = "read anew" if read_all else "as it comes"
    return rows(name, pairs, len(calls), samples, peer_us)


def rows(
    name: str, pairs: list[tuple[float, float]], calls: int, samples: int, peer_us: float
) -> list[tuple[str, ...]]:
    """Return the rows from *pairs* of the CPU time of a page and of its calls, in ms."""
    page_ms, calls_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    ours_ms = statistics.median(page - call for page, call in pairs)
    ours_us = ours_ms / samples * 1000
    return [
        (
            f"{name}: a page with {samples} samples",
            f"{page_ms:.2f} ms",
            f"{page_ms / calls_ms:.2f}",
        ),
        (f"its {calls / _PAGES:.0f} pynvml calls alone", f"{calls_ms:.2f} ms", "1"),
        ("the rest: lagent's own work", f"{ours_ms:.2f} ms", f"{ours_ms / calls_ms:.2f}"),
        ("lagent's own work per sample", f"{ours_us:.2f} µs", ""),
        ("ratio to node_exporter per sample", "", f"{ours_us / peer_us:.3f}"),
    ]


def node_exporter_sample_us() -> float:
    """Return node_exporter's CPU time per sample, in microseconds."""
    with node_exporter() as exporter, scraper(exporter) as client:
        samples = sum(not line.startswith("#") for line in client.page()[0].splitlines())
        started_s = exporter.cpu_s()
        for _ in range(_PAGES):
            client.scrape()
        return (exporter.cpu_s() - started_s) / _PAGES / samples * 1e6


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="bench-gpus-") as name:
        fake = FakeDriver(Path(name), eight_hoppers())
        fake.write()
        os.environ.update(fake.environment)
        # The loader reads LD_LIBRARY_PATH only when a program starts, but finds a library that is
        # already loaded by its name.
        ctypes.CDLL(f"{fake.environment['LD_LIBRARY_PATH']}/{LIBRARY}", mode=ctypes.RTLD_GLOBAL)
        head = ("eight GPUs, one scrape in 15 s", "CPU time", "ratio to the calls")
        peer_us = node_exporter_sample_us()
        print(
            table(
                head,
                [
                    row
                    for read_all in (False, True)
                    for row in measure(read_all=read_all, peer_us=peer_us)
                ],
            )
        )
        print(_NOTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
