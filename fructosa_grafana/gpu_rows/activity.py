"""GPUs of a node: activity of their units, which drivers count for Hopper and newer."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, Expr, Value
from .series import node_gpus

_ONE, _INSTANCE = "GPU {gpu}", "GPU {gpu} MIG {gpu_instance}"


def _of_instances(metric: str, **labels: Value) -> Expr:
    return node_gpus(f"mig_{metric}", gpu_instance=ANY, **labels)


GPU_ACTIVITY = Row(
    "GPUs of $node: parts at work",
    (
        line_graph(
            "GPU multiprocessors",
            "Share of time in which multiprocessors had work, the mean of all. Little beside a "
            "GPU in use is a program that leaves most of it idle.",
            "percentunit",
            (node_gpus("sm_active_ratio"), _ONE),
        ),
        line_graph(
            "GPU tensor cores and arithmetic",
            "Share of time in which units of a kind worked. Training that never comes near the "
            "tensor cores computes in the wrong precision, or waits for data.",
            "percentunit",
            (node_gpus("pipe_active_ratio", pipe=ANY), "GPU {gpu} {pipe}"),
        ),
        line_graph(
            "GPU memory bandwidth",
            "Share of the bandwidth that is used; close to 1 the memory is what a program waits "
            "for.",
            "percentunit",
            (node_gpus("memory_bandwidth_ratio"), _ONE),
        ),
        line_graph(
            "GPU warps",
            "Warps that multiprocessors had, as a share of the most: what they can turn to while "
            "others wait.",
            "percentunit",
            (node_gpus("sm_occupancy_ratio"), _ONE),
        ),
        line_graph(
            "GPUs in use, mean",
            "Share of time in which something ran, without a gap between two points.",
            "percentunit",
            (node_gpus("graphics_active_ratio"), _ONE),
        ),
        line_graph(
            "MIG instances in use",
            "Share of time in which something ran on each GPU instance.",
            "percentunit",
            (_of_instances("graphics_active_ratio"), _INSTANCE),
        ),
        line_graph(
            "Multiprocessors of MIG instances",
            "Share of time in which those of each GPU instance had work.",
            "percentunit",
            (_of_instances("sm_active_ratio"), _INSTANCE),
        ),
        line_graph(
            "Tensor cores and arithmetic of MIG instances",
            "Share of time in which units of a kind worked.",
            "percentunit",
            (_of_instances("pipe_active_ratio", pipe=ANY), f"{_INSTANCE} {{pipe}}"),
        ),
        line_graph(
            "Memory bandwidth of MIG instances",
            "Share of the bandwidth of each GPU instance that is used.",
            "percentunit",
            (_of_instances("memory_bandwidth_ratio"), _INSTANCE),
        ),
        line_graph(
            "Warps of MIG instances",
            "Warps that multiprocessors of each GPU instance had, as a share of the most.",
            "percentunit",
            (_of_instances("sm_occupancy_ratio"), _INSTANCE),
        ),
    ),
    collapsed_in=COLLAPSED,
)
