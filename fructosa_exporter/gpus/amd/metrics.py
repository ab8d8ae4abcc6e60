"""A GPU's metrics of AMD SMI: one call that answers most questions, kept for a scrape."""

from collections.abc import Callable
from typing import Any

from fructosa_exporter.gpus.driver import GPULost

from .calls import ILL, UNREADABLE, measure, measures, number, query_with_status

# The sensors of one scrape follow each other faster, and no interval is as short. A call takes
# 1 ms for its Python alone (7.0.2).
KEPT_S = 0.25
_FUNCTION = "amdsmi_get_gpu_metrics_info"

# What the firmware counts while it holds clocks back, to the names that NVIDIA's reasons have.
_HELD = {
    "sw_power_cap": "ppt_residency_acc",
    "hw_thermal": "socket_thm_residency_acc",
    "hw_slowdown": "prochot_residency_acc",
    "regulator_thermal": "vr_thm_residency_acc",
    "memory_thermal": "hbm_thm_residency_acc",
}


class SMIMetrics:
    """What a GPU last told of itself."""

    def __init__(self, smi: Any, handle: Any, clock: Callable[[], float]) -> None:
        self._smi, self._handle, self._clock = smi, handle, clock
        self._read_s: float | None = None
        self._metrics: dict[str, Any] = {}
        self._status = 0
        self._was_told = False
        self._held: dict[str, float] = {}

    def check(self) -> None:
        """Tell whether they could be read. Raises: GPULost, DriverError."""
        self.recent()
        if self._status in ILL or (self._status in UNREADABLE and self._was_told):
            raise GPULost(f"its metrics can't be read: status {self._status} of AMD SMI")

    def recent(self) -> dict[str, Any]:
        """Return the metrics, of now or a moment ago. Raises: GPULost, DriverError."""
        if self._read_s is None or self._clock() - self._read_s >= KEPT_S:
            told, self._status = query_with_status(self._smi, _FUNCTION, self._handle)
            self._metrics = told if isinstance(told, dict) else {}
            self._was_told = self._was_told or bool(self._metrics)
            self._read_s = self._clock()
        return self._metrics

    def first(self, *keys: str) -> float | None:
        """Return the first number among *keys*. Raises: GPULost, DriverError."""
        values = map(self.recent().get, keys)
        return next((one for one in map(measure, values) if one is not None), None)

    def all(self, *keys: str) -> list[float]:
        """Return the numbers of the first of *keys* that has any. Raises: GPULost, DriverError."""
        values = map(self.recent().get, keys)
        return next((found for found in map(measures, values) if found), [])

    def events(self) -> dict[tuple[str, ...], float | None]:
        """Return which reasons have held clocks back since the last reading.

        Newer firmware counts by reason; older one tells only that there is any.

        Raises: GPULost, DriverError.
        """
        metrics = self.recent()
        held = {name: number(metrics.get(key)) for name, key in _HELD.items()}
        counts = {name: count for name, count in held.items() if count is not None}
        before, self._held = self._held, counts
        found: dict[tuple[str, ...], float | None] = {
            ("event", name): int(count > before[name])
            for name, count in counts.items()
            if name in before
        }
        told = (metrics.get(key) for key in ("indep_throttle_status", "throttle_status"))
        flags = [flag for flag in told if isinstance(flag, bool)]
        if flags and not counts:
            found["event", "throttled"] = int(any(flags))
        return found
