"""Nodes by state, and how much of them is allocated."""

from ..panels.dashboard import Row
from ..panels.panel import Graph
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY, Value
from ..queries.slurm_states import OUT_OF_SERVICE
from .series import allocated, each

_USES = "allocated, idle, or other: of nodes that take no jobs"

STATES = line_graph(
    "Nodes by state",
    "Each node counts once.",
    "short",
    (each("cluster_nodes", state=ANY), "{state}"),
    stacked=True,
)


def _shares(title: str, what: str, metric: str, **labels: Value) -> Graph:
    return Graph(
        title=title,
        description=f"Share of {what} that jobs have, of the nodes that take jobs or run some.",
        queries=(allocated(metric, "{partition}", "partition", **labels),),
        unit="percentunit",
        minimum=0,
        maximum=1,
        width=8,
    )


NODES = Row(
    "Nodes",
    (
        STATES,
        line_graph(
            "Nodes out of service by partition",
            "Nodes that are drained, draining, down or invalid, or do not respond to slurmctld. A "
            "node in several partitions counts in each.",
            "short",
            (
                each("nodes", partition=ANY, state=OUT_OF_SERVICE).sum("partition"),
                "{partition}",
            ),
        ),
        line_graph(
            "CPUs",
            f"CPUs: {_USES}.",
            "short",
            (each("cluster_cpus", state=ANY), "{state}"),
            stacked=True,
        ),
        line_graph(
            "Memory",
            f"Memory: {_USES}.",
            "bytes",
            (each("cluster_memory_bytes", state=ANY), "{state}"),
            stacked=True,
        ),
        _shares("Allocated CPUs by partition", "the CPUs", "cpus"),
        _shares("Allocated memory by partition", "the memory", "memory_bytes"),
        _shares("Allocated GPUs by partition", "the GPUs", "gpus", type=ANY),
        line_graph(
            "GPUs by type",
            f"GPUs: {_USES}. Those without a type in slurm.conf have the type gpu.",
            "short",
            (each("cluster_gpus", state=ANY, type=ANY), "{type} {state}"),
            stacked=True,
        ),
        line_graph(
            "Partitions",
            "1 while the partition queues and starts jobs.",
            "short",
            (each("partition_up", partition=ANY), "{partition}"),
        ),
        line_graph(
            "Reservations",
            "Reservations that have begun and not ended, and their nodes.",
            "short",
            (each("reservations"), "reservations"),
            (each("reserved_nodes"), "nodes"),
        ),
        line_graph(
            "Licenses",
            "Licenses that are used, reserved and free.",
            "short",
            (each("licenses", name=ANY, state=ANY), "{name} {state}"),
        ),
    ),
)
