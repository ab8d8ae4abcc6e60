"""slurmctld's scheduler, its queues and what it serves."""

from ..panels.dashboard import Row
from ..panels.shorthand import line_graph
from ..queries.expressions import ANY
from .series import each, each_rate

SCHEDULER = Row(
    "Scheduler",
    (
        line_graph(
            "Scheduler cycles",
            "Duration of the last cycle of the main scheduler and of backfill, and of a mean one.",
            "s",
            (each("scheduler_last_cycle_seconds", scheduler=ANY), "{scheduler} last"),
            (each("scheduler_mean_cycle_seconds", scheduler=ANY), "{scheduler} mean"),
        ),
        line_graph(
            "Longest cycle",
            "Duration of the longest cycle since slurmctld started or reset its statistics.",
            "s",
            (each("scheduler_max_cycle_seconds", scheduler=ANY), "{scheduler}"),
        ),
        line_graph(
            "Cycles per second",
            "Cycles of each scheduler.",
            "ops",
            (each_rate("scheduler_cycles_total", scheduler=ANY), "{scheduler}"),
        ),
        line_graph(
            "Considered jobs",
            "Jobs in the queue of each scheduler's last cycle.",
            "short",
            (each("scheduler_queue_length", scheduler=ANY), "{scheduler}"),
        ),
        line_graph(
            "Backfill age",
            "Time since the backfill scheduler began its last cycle.",
            "s",
            (each("backfill_age_seconds"), "age"),
        ),
        line_graph(
            "Job events",
            "Jobs per second that were submitted, started, completed, canceled or failed, and "
            "those that backfill has started.",
            "cps",
            (each_rate("job_events_total", event=ANY), "{event}"),
            (each_rate("backfilled_jobs_total"), "backfilled"),
        ),
        line_graph(
            "Queues of slurmctld",
            "Messages that wait for nodes, and records that wait for slurmdbd. Both should be near "
            "0.",
            "short",
            (each("agent_queue_size"), "for nodes"),
            (each("dbd_agent_queue_size"), "for slurmdbd"),
        ),
        line_graph(
            "Threads of slurmctld",
            "Threads that serve requests. At max_server_threads (by default 256), requests wait.",
            "short",
            (each("server_threads"), "threads"),
        ),
        line_graph(
            "RPCs",
            "Remote procedure calls per second, the ten most frequent kinds.",
            "ops",
            (each_rate("rpcs_total", kind=ANY).top(10), "{kind}"),
        ),
        line_graph(
            "Time for RPCs",
            "Share of a second that slurmctld spends on remote procedure calls, the ten most "
            "expensive kinds.",
            "percentunit",
            (each_rate("rpc_seconds_total", kind=ANY).top(10), "{kind}"),
        ),
        line_graph(
            "Mean time of an RPC",
            "The ten slowest kinds of remote procedure calls.",
            "s",
            (
                (each_rate("rpc_seconds_total", kind=ANY) / each_rate("rpcs_total", kind=ANY)).top(
                    10
                ),
                "{kind}",
            ),
        ),
    ),
)
