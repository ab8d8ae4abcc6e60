"""GPUs of a node: activity of their units, which drivers count for Hopper and newer."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, Expr, Value
from .series import node_gpus

_ONE, _INSTANCE = "GPU {gpu}", "GPU {gpu} MIG {gpu_instance}"


def _of_instances(metric: str, **labels: Value) -> Expr:
    return node_gpus(f"mig_{metric}", gpu_instance=ANY, **labels)


GPU_ACTIVITY = Row(
    "GPUs of $node: activity",
    (
        line_graph(
            "GPU multiprocessors",
            "Share of time in which multiprocessors had work, the mean of all. If it is low while "
            "the GPU is in use, the program leaves most of the GPU idle.",
            "percentunit",
            (node_gpus("sm_active_ratio"), _ONE),
        ),
        line_graph(
            "GPU tensor cores and arithmetic units",
            "Share of time in which each kind of unit was active. Training that hardly uses the "
            "tensor cores computes in the wrong precision, or waits for data.",
            "percentunit",
            (node_gpus("pipe_active_ratio", pipe=ANY), "GPU {gpu} {pipe}"),
        ),
        line_graph(
            "GPU memory bandwidth",
            "Used share of the bandwidth. Close to 100 %, the program waits for the memory.",
            "percentunit",
            (node_gpus("memory_bandwidth_ratio"), _ONE),
        ),
        line_graph(
            "GPU occupancy",
            "Warps on the multiprocessors, as a share of the maximum. Multiprocessors switch to "
            "other warps while some wait.",
            "percentunit",
            (node_gpus("sm_occupancy_ratio"), _ONE),
        ),
        line_graph(
            "GPU utilization, mean",
            "Share of time in which something ran, measured without gaps between two points.",
            "percentunit",
            (node_gpus("graphics_active_ratio"), _ONE),
        ),
        line_graph(
            "Utilization of MIG instances",
            "Share of time in which something ran on each GPU instance.",
            "percentunit",
            (_of_instances("graphics_active_ratio"), _INSTANCE),
        ),
        line_graph(
            "Multiprocessors of MIG instances",
            "Share of time in which the multiprocessors of each GPU instance had work.",
            "percentunit",
            (_of_instances("sm_active_ratio"), _INSTANCE),
        ),
        line_graph(
            "Tensor cores and arithmetic units of MIG instances",
            "Share of time in which each kind of unit was active.",
            "percentunit",
            (_of_instances("pipe_active_ratio", pipe=ANY), f"{_INSTANCE} {{pipe}}"),
        ),
        line_graph(
            "Memory bandwidth of MIG instances",
            "Used share of the bandwidth of each GPU instance.",
            "percentunit",
            (_of_instances("memory_bandwidth_ratio"), _INSTANCE),
        ),
        line_graph(
            "Occupancy of MIG instances",
            "Warps on the multiprocessors of each GPU instance, as a share of the maximum.",
            "percentunit",
            (_of_instances("sm_occupancy_ratio"), _INSTANCE),
        ),
    ),
    collapsed_in=COLLAPSED,
)
