"""GPUs of a node: utilization, memory, power and processes."""

from ..panels.dashboard import COLLAPSED, Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, Expr
from .series import node_gpus


def _of_instances(metric: str) -> Expr:
    return node_gpus(metric, gpu_instance=ANY, compute_instance=ANY)


_INSTANCE = "GPU {gpu} MIG {gpu_instance}/{compute_instance}"

BUSY = line_graph(
    "GPU utilization",
    "Share of time in which something ran on each GPU, even if only on one multiprocessor. The "
    "driver does not report it for GPUs partitioned by MIG.",
    "percentunit",
    (node_gpus("utilization_ratio"), "GPU {gpu}"),
)
MEMORY = line_graph(
    "GPU memory",
    "Allocated memory of each GPU, and the memory of the largest GPU.",
    "bytes",
    (node_gpus("memory_used_bytes"), "GPU {gpu}"),
    (node_gpus("memory_total_bytes").max(), "installed"),
)
POWER = line_graph(
    "GPU power",
    "Power draw of each GPU, including its memory, and the highest power limit.",
    "watt",
    (node_gpus("power_watts"), "GPU {gpu}"),
    (node_gpus("power_limit_watts").max(), "limit"),
)

GPU_UTILIZATION = Row(
    "GPUs of $node: utilization",
    (
        BUSY,
        MEMORY,
        line_graph(
            "GPU memory activity",
            "Share of time in which memory was read or written. If it is low while the GPU is "
            "busy, the program computes, or waits.",
            "percentunit",
            (node_gpus("memory_busy_ratio"), "GPU {gpu}"),
        ),
        line_graph(
            "GPU engines",
            "Share of time in which the engines for video and images were active.",
            "percentunit",
            (node_gpus("engine_utilization_ratio", engine=ANY), "GPU {gpu} {engine}"),
        ),
        POWER,
        line_graph(
            "GPU power from the energy counter",
            "Mean power between two scrapes, from the energy counter. It includes short peaks.",
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
            "Memory of all processes on each GPU. The driver has allocated the rest.",
            "bytes",
            (node_gpus("processes_memory_bytes"), "GPU {gpu}"),
        ),
        line_graph(
            "Memory of MIG instances",
            "Allocated share of the memory of each instance.",
            "percentunit",
            (
                _of_instances("mig_memory_used_bytes") / _of_instances("mig_memory_total_bytes"),
                _INSTANCE,
            ),
        ),
        line_graph(
            "Processes of MIG instances",
            "Processes that use each instance. Without processes, there is no data.",
            "short",
            (_of_instances("mig_processes"), _INSTANCE),
        ),
    ),
    collapsed_in=COLLAPSED,
)
