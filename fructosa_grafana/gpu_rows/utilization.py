"""GPUs of a node: utilization, memory, power and processes."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, Expr
from .series import node_gpus


def _of_instances(metric: str) -> Expr:
    return node_gpus(metric, gpu_instance=ANY, compute_instance=ANY)


_INSTANCE = "GPU {gpu} MIG {gpu_instance}/{compute_instance}"

BUSY = line_graph(
    "GPUs in use",
    "Share of time in which something ran on each GPU, be it on one of its processors. Of one "
    "that MIG has divided the driver tells none.",
    "percentunit",
    (node_gpus("utilization_ratio"), "GPU {gpu}"),
)
MEMORY = line_graph(
    "GPU memory",
    "Memory that is allocated on each GPU, and what the largest has.",
    "bytes",
    (node_gpus("memory_used_bytes"), "GPU {gpu}"),
    (node_gpus("memory_total_bytes").max(), "installed"),
)
POWER = line_graph(
    "GPU power",
    "What each GPU draws with its memory, and the highest limit that one is held to.",
    "watt",
    (node_gpus("power_watts"), "GPU {gpu}"),
    (node_gpus("power_limit_watts").max(), "limit"),
)

GPU_UTILIZATION = Row(
    "GPUs of $node: work",
    (
        BUSY,
        MEMORY,
        line_graph(
            "GPU memory busy",
            "Share of time in which memory was read or written: little beside a busy GPU is a "
            "program that computes, or one that waits.",
            "percentunit",
            (node_gpus("memory_busy_ratio"), "GPU {gpu}"),
        ),
        line_graph(
            "GPU engines",
            "Share of time that the engines for video and images worked.",
            "percentunit",
            (node_gpus("engine_utilization_ratio", engine=ANY), "GPU {gpu} {engine}"),
        ),
        POWER,
        line_graph(
            "GPU power by the energy counter",
            "Mean over the time between two points, so that no peak is missed.",
            "watt",
            (node_gpus("energy_joules_total").rate(), "GPU {gpu}"),
        ),
        line_graph(
            "GPU processes",
            "Processes that use each GPU.",
            "short",
            (node_gpus("processes", kind=ANY), "GPU {gpu} {kind}"),
        ),
        line_graph(
            "Memory of GPU processes",
            "Memory of all processes on each GPU; what is allocated beyond it is the driver's.",
            "bytes",
            (node_gpus("processes_memory_bytes"), "GPU {gpu}"),
        ),
        line_graph(
            "Memory of MIG instances",
            "Share of the memory of each instance that is allocated.",
            "percentunit",
            (
                _of_instances("mig_memory_used_bytes") / _of_instances("mig_memory_total_bytes"),
                _INSTANCE,
            ),
        ),
        line_graph(
            "Processes of MIG instances",
            "Processes that use each instance; nothing where there are none.",
            "short",
            (_of_instances("mig_processes"), _INSTANCE),
        ),
    ),
    collapsed_in=COLLAPSED,
)
