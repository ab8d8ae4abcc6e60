"""The worst GPUs of all nodes, by symptom."""

from ..panels import thresholds
from ..panels.dashboard import COLLAPSED_IN_GRAPHITE, Row
from ..panels.panel import Bars, Query, Threshold
from ..queries.expressions import ANY, GPU_FAULTS, Expr
from .series import all_gpus

_ONE = "{instance} GPU {gpu}"
_SEEN: tuple[Threshold, ...] = ((None, "green"), (1, "yellow"))


# Allocated share of the memory times idle share of the time, for GPUs that report both.
_HELD_IDLE = all_gpus("memory_used_bytes") / (
    all_gpus("memory_total_bytes") / all_gpus("utilization_ratio").complement()
)


def _worst(
    title: str,
    about: str,
    expr: Expr,
    marked: tuple[Threshold, ...],
    unit: str = "short",
    legend: str = _ONE,
) -> Bars:
    high = 1 if unit == "percentunit" else None
    return Bars(
        title=title,
        description=about,
        queries=(Query(expr.top(10), legend),),
        unit=unit,
        minimum=0,
        maximum=high,
        thresholds=marked,
        width=8,
    )


WORST_GPUS = Row(
    "Worst GPUs",
    (
        _worst(
            "Hottest GPUs",
            "Temperature of the GPU.",
            all_gpus("temperature_celsius"),
            thresholds.GPU_TEMPERATURE,
            "celsius",
        ),
        _worst(
            "Hottest GPU memory",
            "Temperature of the GPU memory, if it is metered.",
            all_gpus("memory_temperature_celsius"),
            thresholds.GPU_MEMORY_TEMPERATURE,
            "celsius",
        ),
        _worst(
            "Most throttled GPUs",
            "Share of time in which heat, or too little external power, lowered the clocks. The "
            "driver's own power cap does not count.",
            all_gpus("throttled_seconds_total", reason=GPU_FAULTS).rate(),
            ((None, "green"), (0.01, "yellow"), (0.2, "red")),
            "percentunit",
            f"{_ONE} {{reason}}",
        ),
        _worst(
            "Memory held while idle",
            "Allocated share of the memory times the share of time in which nothing ran: jobs that "
            "hold a GPU but do not use it.",
            _HELD_IDLE,
            ((None, "green"), (0.2, "yellow"), (0.6, "red")),
            "percentunit",
        ),
        _worst(
            "Lost GPUs",
            "1 for a GPU that responded earlier and no longer does.",
            all_gpus("up").complement(),
            thresholds.NONE_IS_GOOD,
        ),
        _worst(
            "Most Xids",
            "Errors that the driver has reported since the agent started. 79: fell off the bus. "
            "48, 94, 95: memory errors. 74: NVLink. 13, 31, 43 and 45 are usually caused by the "
            "program.",
            all_gpus("xid_errors_total", xid=ANY),
            _SEEN,
            legend=f"{_ONE} Xid {{xid}}",
        ),
        _worst(
            "Uncorrected GPU memory errors",
            "Uncorrected ECC errors since the driver was loaded.",
            all_gpus("ecc_errors_total", kind="uncorrected"),
            thresholds.NONE_IS_GOOD,
        ),
        _worst(
            "Recovery requested",
            "What the driver requests. 1: reset the GPU. 2: restart the node. 3: drain the GPU's "
            "peers. 4: drain and reset the GPU.",
            all_gpus("recovery_action"),
            thresholds.NONE_IS_GOOD,
        ),
        _worst(
            "Missing PCIe lanes",
            "Share of the lanes of GPU and slot that the link does not use: a bad contact.",
            (all_gpus("pcie_link_lanes") / all_gpus("pcie_link_lanes_max")).complement(),
            ((None, "green"), (0.01, "red")),
            "percentunit",
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)
