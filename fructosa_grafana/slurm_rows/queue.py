"""The queue: jobs, why they wait, what they ask for and how long they have waited."""

from ..panels.dashboard import Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY
from .series import each

_ELIGIBLE = "pending jobs that could start if there were room"
_SEVERAL = "A job in the queues of several partitions counts in each."

JOBS = line_graph(
    "Jobs",
    "Jobs by state; tasks of arrays count each. Ended jobs are listed for MinJobAge.",
    "short",
    (each("cluster_jobs", state=ANY), "{state}"),
)
REASONS = line_graph(
    "Pending jobs by reason",
    "Why jobs wait. Each job counts once.",
    "short",
    (each("cluster_pending_jobs", reason=ANY), "{reason}"),
    stacked=True,
)

QUEUE = Row(
    "Queue",
    (
        JOBS,
        REASONS,
        line_graph(
            "Jobs by partition",
            f"The 20 largest numbers of jobs by partition and state. {_SEVERAL}",
            "short",
            (each("jobs", partition=ANY, state=ANY).top(20), "{partition} {state}"),
        ),
        line_graph(
            "Pending jobs by partition and reason",
            f"The 20 largest numbers of pending jobs. {_SEVERAL}",
            "short",
            (each("pending_jobs", partition=ANY, reason=ANY).top(20), "{partition} {reason}"),
        ),
        line_graph(
            "CPU demand",
            f"CPUs for {_ELIGIBLE}, beside those that are idle.",
            "short",
            (each("cluster_pending_cpus"), "demand"),
            (each("cluster_cpus", state="idle"), "idle"),
        ),
        line_graph(
            "GPU demand",
            f"GPUs for {_ELIGIBLE}, beside those that are idle.",
            "short",
            (each("cluster_pending_gpus"), "demand"),
            (each("cluster_gpus", state="idle", type=ANY).sum(), "idle"),
        ),
        line_graph(
            "Node demand",
            f"Nodes for {_ELIGIBLE}, beside those that are idle.",
            "short",
            (each("cluster_pending_nodes"), "demand"),
            (each("cluster_nodes", state="idle"), "idle"),
        ),
        line_graph(
            "CPU demand by partition",
            f"CPUs for {_ELIGIBLE}. {_SEVERAL}",
            "short",
            (each("pending_cpus", partition=ANY), "{partition}"),
        ),
        line_graph(
            "GPU demand by partition",
            f"GPUs for {_ELIGIBLE}. {_SEVERAL}",
            "short",
            (each("pending_gpus", partition=ANY), "{partition}"),
        ),
        line_graph(
            "Node demand by partition",
            f"Nodes for {_ELIGIBLE}. {_SEVERAL}",
            "short",
            (each("pending_nodes", partition=ANY), "{partition}"),
        ),
        line_graph(
            "Waiting time",
            "Time that pending jobs have waited since they could have started first: that of half "
            "of them is below quantile 0.5. A partition without such jobs has no value.",
            "s",
            (
                each("wait_seconds", partition=ANY, quantile=ANY),
                "{partition} quantile {quantile}",
            ),
        ),
        line_graph(
            "Oldest pending job",
            "Time that the oldest pending job has waited since it could have started first.",
            "s",
            (each("oldest_wait_seconds", partition=ANY), "{partition}"),
        ),
    ),
)
