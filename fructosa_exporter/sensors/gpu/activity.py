"""GPUs: what of them works, where the driver counts it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fructosa_exporter.gpus.driver import Labels
from fructosa_exporter.gpus.quantities import Columns, QuantityValues, columns
from fructosa_exporter.metrics import Metric
from fructosa_exporter.sensor import SensorOptions, time_interval

from .gpu_sensor import GPUSensor, gpu_metric

# NVML wants a tenth of a second between two samples; it has no newer one before that.
_LEAST_S = 0.15
_KINDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "graphics": ("graphics_active_ratio", "Share of time in which anything ran", ()),
    "sm": ("sm_active_ratio", "Share of time in which multiprocessors had work, their mean", ()),
    "warps": ("sm_occupancy_ratio", "Warps that multiprocessors had, as a share of the most", ()),
    "pipe": ("pipe_active_ratio", "Share of time in which units of a kind worked", ("pipe",)),
    "bandwidth": ("memory_bandwidth_ratio", "Share of the memory's bandwidth that was used", ()),
}


@dataclass(frozen=True, kw_only=True)
class GPUActivityOptions(SensorOptions):
    """A mean over some seconds: shorter windows are noise."""

    time_interval: float = time_interval(10)


class GPUActivity(GPUSensor):
    """Which parts of GPUs work: multiprocessors, tensor cores, arithmetic, memory's bandwidth.

    Source: NVML's GPM, nvmlGpmSampleGet, nvmlGpmMigSampleGet and nvmlGpmMetricsGet, from Hopper on;
    AMD SMI tells none. Each value is the mean since the sensor's last reading, whoever asked for
    it; the first is of 0.15 s. A GPU that is divided by MIG tells it of each GPU instance.
    A busy GPU whose multiprocessors or tensor cores do little is waiting for data, or for others.
    """

    Options: ClassVar[type[SensorOptions]] = GPUActivityOptions
    cost: ClassVar[str] = "two calls a GPU; at first 0.15 s, in which it sleeps"
    slowness: ClassVar[int] = 2

    QUANTITIES: ClassVar[dict[str, Metric]] = {
        kind: gpu_metric(name, f"{about}.", *labels)
        for kind, (name, about, labels) in _KINDS.items()
    } | {
        f"mig_{kind}": gpu_metric(
            f"mig_{name}", f"{about}, of a MIG instance.", "gpu_instance", *labels
        )
        for kind, (name, about, labels) in _KINDS.items()
    }

    clock = staticmethod(time.monotonic)
    pause = staticmethod(time.sleep)

    def __init__(
        self, options: SensorOptions | None = None, read: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(options, read)
        self._asked_s: float | None = None

    def query(self, gpu: Any) -> QuantityValues | list[Columns]:
        return gpu.activity()  # type: ignore[no-any-return]

    def query_all(self) -> Sequence[tuple[Labels, QuantityValues | list[Columns]]]:
        answers = self._after_a_while()
        told = [quantities for _, answer in answers for quantities, _ in columns(answer)]
        if told and not any(told):  # all have begun just now
            return self._after_a_while()
        return answers

    def _after_a_while(self) -> Sequence[tuple[Labels, QuantityValues | list[Columns]]]:
        """Ask, when there is something new: the driver's turn is not taken while this waits."""
        if self._asked_s is not None and (age_s := self.clock() - self._asked_s) < _LEAST_S:
            self.pause(_LEAST_S - age_s)
        answers = super().query_all()
        self._asked_s = self.clock()
        return answers
