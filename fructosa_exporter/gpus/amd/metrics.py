"""A GPU's metrics of AMD SMI: one call that has most values, cached during a scrape."""

from collections.abc import Callable
from typing import Any

from fructosa_exporter.gpus.driver import GPULost

from .calls import GONE, UNREADABLE, number, number_16, numbers_16, query_with_status

# The sensors of one scrape are read within this time, and no scrape interval is as short. The
# Python code of a call takes 1 ms (7.0.2).
CACHE_S = 0.25
_FUNCTION = "amdsmi_get_gpu_metrics_info"

# Reasons, with the names of NVIDIA's, to the counters of the firmware for time of throttling.
_RESIDENCIES = {
    "sw_power_cap": "ppt_residency_acc",
    "hw_thermal": "socket_thm_residency_acc",
    "hw_slowdown": "prochot_residency_acc",
    "regulator_thermal": "vr_thm_residency_acc",
    "memory_thermal": "hbm_thm_residency_acc",
}


class SMIMetrics:
    """The last metrics of a GPU."""

    def __init__(self, smi: Any, handle: Any, clock: Callable[[], float]) -> None:
        self._smi, self._handle, self._clock = smi, handle, clock
        self._read_s: float | None = None
        self._metrics: dict[str, Any] = {}
        self._status = 0
        self._had_metrics = False
        self._residencies: dict[str, float] = {}

    def check(self) -> None:
        """Check that the metrics can be read. Raises: GPULost, DriverError."""
        self.recent()
        if self._status in GONE or (self._status in UNREADABLE and self._had_metrics):
            raise GPULost(f"the metrics cannot be read: AMD SMI returned the status {self._status}")

    def recent(self) -> dict[str, Any]:
        """Return the current or cached metrics. Raises: GPULost, DriverError."""
        if self._read_s is None or self._clock() - self._read_s >= CACHE_S:
            metrics, self._status = query_with_status(self._smi, _FUNCTION, self._handle)
            self._metrics = metrics if isinstance(metrics, dict) else {}
            self._had_metrics = self._had_metrics or bool(self._metrics)
            self._read_s = self._clock()
        return self._metrics

    def first(self, *keys: str) -> float | None:
        """Return the first number at one of *keys*. Raises: GPULost, DriverError."""
        values = map(self.recent().get, keys)
        return next((one for one in map(number_16, values) if one is not None), None)

    def all(self, *keys: str) -> list[float]:
        """Return the numbers of the first of *keys* that has any. Raises: GPULost, DriverError."""
        values = map(self.recent().get, keys)
        return next((numbers for numbers in map(numbers_16, values) if numbers), [])

    def events(self) -> dict[tuple[str, ...], float | None]:
        """Return whether each reason has throttled the clocks since the previous reading.

        Newer firmware counts by reason; older firmware has only one flag for all reasons.

        Raises: GPULost, DriverError.
        """
        metrics = self.recent()
        residencies = {name: number(metrics.get(key)) for name, key in _RESIDENCIES.items()}
        counts = {name: count for name, count in residencies.items() if count is not None}
        previous, self._residencies = self._residencies, counts
        events: dict[tuple[str, ...], float | None] = {
            ("event", name): int(count > previous[name])
            for name, count in counts.items()
            if name in previous
        }
        statuses = (metrics.get(key) for key in ("indep_throttle_status", "throttle_status"))
        flags = [flag for flag in statuses if isinstance(flag, bool)]
        if flags and not counts:
            events["event", "throttled"] = int(any(flags))
        return events
