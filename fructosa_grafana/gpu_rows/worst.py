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
            "Temperature of the GPU itself.",
            all_gpus("temperature_celsius"),
            thresholds.GPU_TEMPERATURE,
            "celsius",
        ),
        _worst(
            "Hottest GPU memory",
            "Temperature of the GPU's memory, where it is metered.",
            all_gpus("memory_temperature_celsius"),
            thresholds.GPU_MEMORY_TEMPERATURE,
            "celsius",
        ),
        _worst(
            "Throttled most",
            "Share of time in which heat, or too little power from outside, held clocks back. The "
            "driver's own cap of power is not among it.",
            all_gpus("throttled_seconds_total", reason=GPU_FAULTS).rate(),
            ((None, "green"), (0.01, "yellow"), (0.2, "red")),
            "percentunit",
            f"{_ONE} {{reason}}",
        ),
        _worst(
            "Memory held while idle",
            "Share of the memory that is allocated, times the share of time in which nothing ran: "
            "jobs that took a GPU and don't use it.",
            _HELD_IDLE,
            ((None, "green"), (0.2, "yellow"), (0.6, "red")),
            "percentunit",
        ),
        _worst(
            "GPUs lost",
            "1 for a GPU that answered once and no longer does.",
            all_gpus("up").complement(),
            thresholds.NONE_IS_GOOD,
        ),
        _worst(
            "Most Xids",
            "Errors that the driver has reported since the agent began. 79 fell off the bus, 48, "
            "94 and 95 are of memory, 74 is NVLink; 13, 31, 43 and 45 are usually the program's "
            "fault.",
            all_gpus("xid_errors_total", xid=ANY),
            _SEEN,
            legend=f"{_ONE} Xid {{xid}}",
        ),
        _worst(
            "GPU memory errors not corrected",
            "ECC errors since the driver was loaded.",
            all_gpus("ecc_errors_total", kind="uncorrected"),
            thresholds.NONE_IS_GOOD,
        ),
        _worst(
            "Recovery wanted",
            "What the driver asks for: 1 to reset the GPU, 2 to restart the node, 3 to drain the "
            "GPU's peers, 4 to drain and reset it.",
            all_gpus("recovery_action"),
            thresholds.NONE_IS_GOOD,
        ),
        _worst(
            "PCIe lanes missing",
            "Share of the lanes of GPU and slot that the link does without: a bad contact.",
            (all_gpus("pcie_link_lanes") / all_gpus("pcie_link_lanes_max")).complement(),
            ((None, "green"), (0.01, "red")),
            "percentunit",
        ),
    ),
    collapsed_in=COLLAPSED_IN_GRAPHITE,
)
