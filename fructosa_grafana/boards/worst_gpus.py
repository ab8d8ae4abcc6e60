"""The worst GPUs of all nodes, by what may be wrong with them."""

from ..panels import Bars, Query, Row, Step
from ..query import ANY, GPU_FAULTS, Expr, Value, nodes
from . import steps
from .worst import HEAVY

_ONE = "{instance} GPU {gpu}"
_SEEN: tuple[Step, ...] = ((None, "green"), (1, "yellow"))


def _gpus(metric: str, **labels: Value) -> Expr:
    return nodes(f"fructosa_gpu_{metric}", gpu=ANY, uuid=ANY, **labels)


# What is allocated, times the share of time in which nothing ran: of GPUs that tell both alone.
_HELD_IDLE = _gpus("memory_used_bytes") / (
    _gpus("memory_total_bytes") / _gpus("utilization_ratio").complement()
)


def _worst(
    title: str,
    about: str,
    expr: Expr,
    marked: tuple[Step, ...],
    unit: str = "short",
    legend: str = _ONE,
) -> Bars:
    high = 1 if unit == "percentunit" else None
    return Bars(
        title=title,
        about=about,
        queries=(Query(expr.top(10), legend),),
        unit=unit,
        low=0,
        high=high,
        steps=marked,
        width=8,
    )


WORST_GPUS = Row(
    "Worst GPUs",
    (
        _worst(
            "Hottest GPUs",
            "Temperature of the GPU itself.",
            _gpus("temperature_celsius"),
            steps.GPU_HEAT,
            "celsius",
        ),
        _worst(
            "Hottest GPU memory",
            "Temperature of the GPU's memory, where it is metered.",
            _gpus("memory_temperature_celsius"),
            steps.GPU_MEMORY_HEAT,
            "celsius",
        ),
        _worst(
            "Throttled most",
            "Share of time in which heat, or too little power from outside, held clocks back. The "
            "driver's own cap of power is not among it.",
            _gpus("throttled_seconds_total", reason=GPU_FAULTS).rate(),
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
            _gpus("up").complement(),
            steps.NONE_IS_GOOD,
        ),
        _worst(
            "Most Xids",
            "Errors that the driver has reported since the agent began. 79 fell off the bus, 48, "
            "94 and 95 are of memory, 74 is NVLink; 13, 31, 43 and 45 are usually the program's "
            "fault.",
            _gpus("xid_errors_total", xid=ANY),
            _SEEN,
            legend=f"{_ONE} Xid {{xid}}",
        ),
        _worst(
            "GPU memory errors not corrected",
            "ECC errors since the driver was loaded.",
            _gpus("ecc_errors_total", kind="uncorrected"),
            steps.NONE_IS_GOOD,
        ),
        _worst(
            "Recovery wanted",
            "What the driver asks for: 1 to reset the GPU, 2 to restart the node, 3 to drain the "
            "GPU's peers, 4 to drain and reset it.",
            _gpus("recovery_action"),
            steps.NONE_IS_GOOD,
        ),
        _worst(
            "PCIe lanes missing",
            "Share of the lanes of GPU and slot that the link does without: a bad contact.",
            (_gpus("pcie_link_lanes") / _gpus("pcie_link_lanes_max")).complement(),
            ((None, "green"), (0.01, "red")),
            "percentunit",
        ),
    ),
    folded_in=HEAVY,
)
