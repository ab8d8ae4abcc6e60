"""The state of the cluster at a glance."""

from ..panels import thresholds
from ..panels.dashboard import Row
from ..panels.panel import Bars, Query, Stat
from ..panels.thresholds import Thresholds
from ..queries.expressions import ANY, Expr, slurm
from ..queries.slurm_states import OUT_OF_SERVICE
from .series import LAST, allocated, each


def _number(
    title: str, description: str, expr: Expr, colors: Thresholds, unit: str = "short"
) -> Stat:
    return Stat(
        title=title,
        description=description,
        queries=(Query(expr, title.lower()),),
        thresholds=colors,
        unit=unit,
        only_last=LAST,
    )


def _share(title: str, description: str, query: Query) -> Stat:
    return Stat(
        title=title,
        description=description,
        queries=(query,),
        unit="percentunit",
        decimals=0,
        thresholds=thresholds.PLAIN,
        only_last=LAST,
    )


_OF_USABLE = "of the nodes that take jobs or run some"

NOW = Row(
    "Now",
    (
        Stat(
            title="slurmctld",
            description="Whether slurmctld responded to the last reading.",
            queries=(Query(each("up"), "up"),),
            mappings=((0, "down"), (1, "up")),
            thresholds=((None, "red"), (1, "green")),
            only_last=LAST,
        ),
        _number(
            "Age of the reading",
            "Time since the last reading of Slurm began. All other panels are as old.",
            slurm("reading_age_seconds").min(),
            ((None, "green"), (180, "yellow"), (600, "red")),
            unit="s",
        ),
        _number(
            "Running jobs",
            "Tasks of arrays count each.",
            each("cluster_jobs", state="running"),
            thresholds.PLAIN,
        ),
        _number(
            "Pending jobs",
            "Tasks of arrays count each.",
            each("cluster_jobs", state="pending"),
            thresholds.PLAIN,
        ),
        _number(
            "Longest wait",
            "Time that the oldest pending job has waited since it could have started first. No "
            "data if no job waits.",
            each("oldest_wait_seconds", partition=ANY).max(),
            thresholds.PLAIN,
            unit="s",
        ),
        _number(
            "Nodes out of service",
            "Nodes that are drained, draining, down or invalid, or do not respond to slurmctld.",
            each("cluster_nodes", state=OUT_OF_SERVICE).sum(),
            thresholds.NONE_IS_GOOD,
        ),
        _share(
            "Allocated CPUs",
            f"Share of the CPUs {_OF_USABLE}.",
            allocated("cluster_cpus", "CPUs"),
        ),
        _share(
            "Allocated memory",
            f"Share of the memory {_OF_USABLE}.",
            allocated("cluster_memory_bytes", "memory"),
        ),
        _share(
            "Allocated GPUs",
            f"Share of the GPUs {_OF_USABLE}.",
            allocated("cluster_gpus", "GPUs", type=ANY),
        ),
        _number(
            "Failed on one node",
            "Jobs that have failed within MinJobAge on the node with the most of them. Many jobs "
            "that fail on one node point to the node.",
            each("node_failed_jobs_max"),
            ((None, "green"), (3, "yellow"), (10, "red")),
        ),
        _number(
            "Active reservations",
            "Reservations that have begun and not ended.",
            each("reservations"),
            thresholds.PLAIN,
        ),
        _number(
            "Reserved nodes",
            "Nodes of these reservations.",
            each("reserved_nodes"),
            thresholds.PLAIN,
        ),
        Bars(
            title="Nodes by state now",
            description="Each node counts once.",
            queries=(Query(each("cluster_nodes", state=ANY), "{state}"),),
            minimum=0,
            thresholds=thresholds.PLAIN,
            only_last=LAST,
        ),
        Bars(
            title="Pending jobs by reason now",
            description="Why jobs wait. Each job counts once.",
            queries=(Query(each("cluster_pending_jobs", reason=ANY), "{reason}"),),
            minimum=0,
            thresholds=thresholds.PLAIN,
            only_last=LAST,
        ),
    ),
)
