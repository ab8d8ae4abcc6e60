"""GPM, NVML's performance metrics: the activity of the parts of a GPU between two samples.

Available since Hopper. Source: nvml.h, nvmlGpmMetricsGet and similar functions.
"""

import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cached_property
from itertools import groupby
from typing import Any

from fructosa_exporter.gpus.driver import DriverError, GPULost
from fructosa_exporter.gpus.kept import KeptAnswers
from fructosa_exporter.gpus.quantities import Columns, Quantities, known_columns

from .calls import query, query_with_hope
from .mig import MIGInstance

_METRICS = {  # NVML_GPM_METRIC_*, those in percent
    ("graphics",): 1,
    ("sm",): 2,
    ("warps",): 3,
    ("pipe", "tensor"): 5,
    ("pipe", "fp64"): 11,
    ("pipe", "fp32"): 12,
    ("pipe", "fp16"): 13,
    ("pipe", "integer"): 4,
    ("bandwidth",): 10,
}
_QUANTITIES: Quantities = tuple(_METRICS)
# nvmlGpmMetric_t: metricId, nvmlReturn, value, and three texts.
_RESULTS = struct.Struct("=" + "4xId24x" * len(_METRICS))
_VERSION = 1  # of nvmlGpmMetricsGet_t

# The id of a GPU instance and the UUIDs of its compute instances; empty for the whole GPU.
Scope = tuple[str, ...]


class GPMWindow:
    """The time between two samples. *fill* fills a sample, or returns None if it can't."""

    def __init__(
        self, nvml: Any, quantities: Quantities, fill: Callable[[Any], object | None]
    ) -> None:
        self._nvml, self._quantities, self._fill = nvml, quantities, fill
        self._last = self._next = None  # two samples, once they are allocated
        self._has_sample = False  # self._last is filled

    def read(self, metrics_get: Any) -> Columns | None:
        """Return the activity since the last call: nothing for the first one, None if it fails.

        Raises: GPULost, DriverError.
        """
        if not self._are_allocated() or self._fill(self._next) is None:
            return None
        self._last, self._next = self._next, self._last
        if not self._has_sample:
            self._has_sample = True
            return (), ()
        metrics_get.sample1, metrics_get.sample2 = self._next, self._last
        if query(self._nvml, "nvmlGpmMetricsGet", metrics_get) is None:
            return None
        return known_columns(self._quantities, _ratios(metrics_get))

    def _are_allocated(self) -> bool:
        if self._last is None:
            self._last = query(self._nvml, "nvmlGpmSampleAlloc")
        if self._next is None:
            self._next = query(self._nvml, "nvmlGpmSampleAlloc")
        return self._last is not None and self._next is not None

    def close(self) -> None:
        """Free the samples."""
        for sample in (self._last, self._next):
            if sample is None:
                continue
            with suppress(GPULost, DriverError):
                query(self._nvml, "nvmlGpmSampleFree", sample)


class GPMActivity:
    """The windows of one GPU: a single one, or one for each GPU instance of MIG."""

    def __init__(self, nvml: Any, handle: Any, answers: KeptAnswers) -> None:
        self._nvml, self._handle, self._answers = nvml, handle, answers
        self._windows: dict[Scope, GPMWindow] = {}

    @property
    def is_supported(self) -> bool:
        """Whether the GPU supports GPM."""
        return bool(self._answers.get("gpm", self._ask_support))

    def _ask_support(self) -> tuple[bool | None, bool]:
        support, may_pass = query_with_hope(self._nvml, "nvmlGpmQueryDeviceSupport", self._handle)
        is_supported = support is not None and bool(support.isSupportedDevice)
        return is_supported or None, may_pass

    def read(self, instances: Iterable[MIGInstance]) -> list[Columns]:
        """Return the activity since the last call by scope; the part of a new scope is empty.

        The quantities are ("graphics",), ("sm",), ("warps",), ("pipe", NAME), ("bandwidth",). Those
        of *instances* have the prefix mig_ and their GPU instance as the first label.

        Raises: GPULost, DriverError.
        """
        scopes = _scopes(instances)
        for gone in self._windows.keys() - set(scopes):
            self._windows.pop(gone).close()
        each = (self._window(scope).read(self._metrics_get) for scope in scopes)
        return [part for part in each if part is not None]

    def close(self) -> None:
        """Free all samples."""
        for window in self._windows.values():
            window.close()
        self._windows.clear()

    @cached_property
    def _metrics_get(self) -> Any:
        metrics_get = self._nvml.c_nvmlGpmMetricsGet_t(version=_VERSION, numMetrics=len(_METRICS))
        for entry, metric in zip(metrics_get.metrics, _METRICS.values(), strict=False):
            entry.metricId = metric
        return metrics_get

    def _window(self, scope: Scope) -> GPMWindow:
        if scope not in self._windows:
            self._windows[scope] = GPMWindow(self._nvml, *self._quantities_and_fill(scope))
        return self._windows[scope]

    def _quantities_and_fill(
        self, scope: Scope
    ) -> tuple[Quantities, Callable[[Any], object | None]]:
        nvml, handle = self._nvml, self._handle
        if not scope:
            return _QUANTITIES, lambda sample: query(nvml, "nvmlGpmSampleGet", handle, sample)
        part = scope[0]
        return (
            tuple((f"mig_{name}", part, *more) for name, *more in _QUANTITIES),
            lambda sample: query(nvml, "nvmlGpmMigSampleGet", handle, int(part), sample),
        )


def _scopes(instances: Iterable[MIGInstance]) -> list[Scope]:
    """Return the scope of each GPU instance; one that is recreated has another scope."""
    found = sorted((one.gpu_instance, one.uuid) for one in instances)
    each = groupby(found, key=lambda pair: pair[0])
    return [(part, *(uuid for _, uuid in pairs)) for part, pairs in each] or [()]


def _ratios(metrics_get: Any) -> list[float | None]:
    """Return the results as ratios, in the order of the metrics; None for missing ones."""
    results = _RESULTS.unpack_from(metrics_get, type(metrics_get).metrics.offset)
    codes, percents = results[::2], results[1::2]
    # Slightly more than 100 % counts as 100 %: NVML can't read two counters at the same time.
    return [
        min(percent / 100, 1.0) if not code and 0 <= percent < 101 else None
        for code, percent in zip(codes, percents, strict=True)
    ]
