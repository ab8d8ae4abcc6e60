"""GPUs: the activity of their parts, if the driver counts it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_exporter.gpus.driver import Labels
from fructosa_exporter.gpus.quantities import Columns, QuantityValues, columns
from fructosa_exporter.metrics import Metric
from fructosa_exporter.sensor import SensorOptions, time_interval

from .gpu_sensor import GPUSensor, gpu_metric

# NVML needs 0.1 s between two samples; before that it has no new one.
_MIN_WINDOW_S = 0.15
_METRICS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "graphics": ("graphics_active_ratio", "Share of time that anything ran", ()),
    "sm": ("sm_active_ratio", "Average share of time that multiprocessors had work", ()),
    "warps": ("sm_occupancy_ratio", "Warps on multiprocessors as a share of the maximum", ()),
    "pipe": ("pipe_active_ratio", "Share of time that units of the kind were active", ("pipe",)),
    "bandwidth": ("memory_bandwidth_ratio", "Share of the memory bandwidth that was used", ()),
}


@dataclass(frozen=True, kw_only=True)
class GPUActivityOptions(SensorOptions):
    """Values are averages over some seconds: shorter windows are noise."""

    time_interval: float = time_interval(10)


class GPUActivity(GPUSensor):
    """Activity of the parts of GPUs: multiprocessors, tensor cores, arithmetic, memory bandwidth.

    Source: NVML's GPM (nvmlGpmSampleGet, nvmlGpmMigSampleGet and nvmlGpmMetricsGet), since Hopper.
    AMD SMI has none of it. Each value is the average since the sensor's previous reading,
    whichever scraper caused it; the first covers 0.15 s. With MIG, each GPU instance has its own
    values. If a GPU is busy but its multiprocessors or tensor cores are hardly active, it is
    waiting for data or for other GPUs.
    """

    Options: ClassVar[type[SensorOptions]] = GPUActivityOptions
    cost: ClassVar[str] = "two calls per GPU; the first reading sleeps for 0.15 s"
    slowness: ClassVar[int] = 2

    QUANTITIES: ClassVar[dict[str, Metric]] = {
        kind: gpu_metric(name, f"{help_}.", *labels)
        for kind, (name, help_, labels) in _METRICS.items()
    } | {
        f"mig_{kind}": gpu_metric(
            f"mig_{name}", f"{help_}, for a MIG instance.", "gpu_instance", *labels
        )
        for kind, (name, help_, labels) in _METRICS.items()
    }

    clock = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._queried_s: float | None = None

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.activity()  # type: ignore[no-any-return]

    def query_all(self) -> Sequence[tuple[Labels, QuantityValues | list[Columns]]]:
        results = self._wait_and_query()
        parts = [quantities for _, values in results for quantities, _ in columns(values)]
        if parts and not any(parts):  # these were the first samples
            return self._wait_and_query()
        return results

    def _wait_and_query(self) -> Sequence[tuple[Labels, QuantityValues | list[Columns]]]:
        """Query once there is a new sample; the driver lock is not held while waiting."""
        if (
            self._queried_s is not None
            and (age_s := self.clock() - self._queried_s) < _MIN_WINDOW_S
        ):
            self.sleep(_MIN_WINDOW_S - age_s)
        results = super().query_all()
        self._queried_s = self.clock()
        return results
