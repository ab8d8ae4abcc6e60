"""The series of a Slurm cluster, declared: help texts, paths and dashboards follow from here."""

from ..model.own_metric import OwnMetric, Values

Samples = dict[OwnMetric, Values]
"""The values of each metric."""

_S = "fructosa_slurm_"


def _metric(name: str, text: str, *labels: str) -> OwnMetric:
    kind = "counter" if name.endswith("_total") else "summary" if "quantile" in labels else "gauge"
    return OwnMetric(_S + name, text, labels, kind)


UP = _metric("up", "1 if slurmctld responded to the last reading, else 0.")
READING_AGE = _metric("reading_age_seconds", "Time since the last reading of Slurm began.")
READING_DURATION = _metric(
    "reading_duration_seconds", "Duration of the last reading of Slurm, all commands together."
)
COMMANDS = _metric(
    "commands_total",
    "Commands of Slurm that lmaster ran, by result: ok, denied, hidden, invalid, timeout, missing "
    "or error.",
    "command",
    "result",
)
TARGETS = _metric(
    "targets",
    "Targets of lmaster by section and condition. died: down, although expected to be up; "
    "agent_dead, a part of died: Slurm runs jobs there; lost_by_slurm: up, but down in Slurm; "
    "unmatched: no node of Slurm; all others: down, as planned in Slurm.",
    "condition",
    "section",
)

JOBS = _metric(
    "jobs",
    "Jobs by state, tasks of arrays counted each; ended jobs for MinJobAge. A job that waits in "
    "several partitions counts in each.",
    "partition",
    "state",
)
CLUSTER_JOBS = _metric("cluster_jobs", "Jobs by state, each counted once.", "state")
PENDING_JOBS = _metric("pending_jobs", "Pending jobs by reason.", "partition", "reason")
CLUSTER_PENDING_JOBS = _metric(
    "cluster_pending_jobs", "Pending jobs by reason, each counted once.", "reason"
)
_ELIGIBLE = "pending jobs that could start if they were free"
PENDING_CPUS = _metric("pending_cpus", f"CPUs for {_ELIGIBLE}.", "partition")
PENDING_GPUS = _metric("pending_gpus", f"GPUs for {_ELIGIBLE}.", "partition")
PENDING_NODES = _metric("pending_nodes", f"Nodes for {_ELIGIBLE}.", "partition")
CLUSTER_PENDING_CPUS = _metric("cluster_pending_cpus", f"CPUs for {_ELIGIBLE}, each job once.")
CLUSTER_PENDING_GPUS = _metric("cluster_pending_gpus", f"GPUs for {_ELIGIBLE}, each job once.")
CLUSTER_PENDING_NODES = _metric("cluster_pending_nodes", f"Nodes for {_ELIGIBLE}, each job once.")
WAIT = _metric(
    "wait_seconds",
    "Time that pending jobs have waited since they could have started first, by quantile.",
    "partition",
    "quantile",
)
OLDEST_WAIT = _metric(
    "oldest_wait_seconds",
    "Time that the oldest pending job has waited since it could have started first.",
    "partition",
)

NODES = _metric("nodes", "Nodes by state, see docs/slurm.md.", "partition", "state")
CLUSTER_NODES = _metric("cluster_nodes", "Nodes by state, each counted once.", "state")
_USE = "by state: allocated, idle, or other (of nodes that take no jobs)"
CPUS = _metric("cpus", f"CPUs {_USE}.", "partition", "state")
CLUSTER_CPUS = _metric("cluster_cpus", f"CPUs {_USE}, each counted once.", "state")
MEMORY = _metric("memory_bytes", f"Memory {_USE}.", "partition", "state")
CLUSTER_MEMORY = _metric("cluster_memory_bytes", f"Memory {_USE}, counted once.", "state")
GPUS = _metric("gpus", f"GPUs {_USE}.", "partition", "state", "type")
CLUSTER_GPUS = _metric("cluster_gpus", f"GPUs {_USE}, each counted once.", "state", "type")
PARTITION_UP = _metric(
    "partition_up", "1 if the partition queues and starts jobs, else 0.", "partition"
)
RESERVATIONS = _metric("reservations", "Reservations that have begun and not ended.")
RESERVED_NODES = _metric("reserved_nodes", "Nodes of these reservations.")
LICENSES = _metric("licenses", "Licenses by state: used, reserved or free.", "name", "state")
WORST_NODE = _metric(
    "node_failed_jobs_max", "Most jobs that have failed on one node within MinJobAge."
)

SERVER_THREADS = _metric("server_threads", "Threads of slurmctld that serve requests.")
AGENT_QUEUE = _metric("agent_queue_size", "Messages to nodes that wait in slurmctld.")
DBD_QUEUE = _metric("dbd_agent_queue_size", "Records that wait for slurmdbd; it should be near 0.")
_SCHEDULER = "scheduler"
LAST_CYCLE = _metric(
    "scheduler_last_cycle_seconds", "Duration of the scheduler's last cycle.", _SCHEDULER
)
MEAN_CYCLE = _metric(
    "scheduler_mean_cycle_seconds", "Mean duration of the scheduler's cycles.", _SCHEDULER
)
MAX_CYCLE = _metric(
    "scheduler_max_cycle_seconds", "Longest cycle of the scheduler since the reset.", _SCHEDULER
)
CYCLES = _metric("scheduler_cycles_total", "Cycles of the scheduler.", _SCHEDULER)
QUEUE_LENGTH = _metric(
    "scheduler_queue_length", "Jobs that the scheduler considered in its last cycle.", _SCHEDULER
)
BACKFILL_AGE = _metric(
    "backfill_age_seconds", "Time since the backfill scheduler began its last cycle."
)
BACKFILLED = _metric("backfilled_jobs_total", "Jobs that the backfill scheduler has started.")
EVENTS = _metric(
    "job_events_total",
    "Jobs submitted, started, completed, canceled or failed since slurmctld's reset at midnight.",
    "event",
)
RPCS = _metric("rpcs_total", "Remote procedure calls that slurmctld has served.", "kind")
RPC_SECONDS = _metric("rpc_seconds_total", "Time that slurmctld took for these calls.", "kind")

# On request: one set for each of [slurm] labels.
BY_ACCOUNT, BY_USER, BY_QOS = (
    (
        _metric(
            f"{label}_jobs", f"Pending and running jobs by {label}.", *sorted((label, "state"))
        ),
        _metric(f"{label}_cpus", f"CPUs of running jobs by {label}.", label),
        _metric(f"{label}_gpus", f"GPUs of running jobs by {label}.", label),
    )
    for label in ("account", "user", "qos")
)

METRICS: tuple[OwnMetric, ...] = (
    *(UP, READING_AGE, READING_DURATION, COMMANDS, TARGETS),
    *(JOBS, CLUSTER_JOBS, PENDING_JOBS, CLUSTER_PENDING_JOBS),
    *(PENDING_CPUS, PENDING_GPUS, PENDING_NODES),
    *(CLUSTER_PENDING_CPUS, CLUSTER_PENDING_GPUS, CLUSTER_PENDING_NODES, WAIT, OLDEST_WAIT),
    *(NODES, CLUSTER_NODES, CPUS, CLUSTER_CPUS, MEMORY, CLUSTER_MEMORY, GPUS, CLUSTER_GPUS),
    *(PARTITION_UP, RESERVATIONS, RESERVED_NODES, LICENSES, WORST_NODE),
    *(SERVER_THREADS, AGENT_QUEUE, DBD_QUEUE, LAST_CYCLE, MEAN_CYCLE, MAX_CYCLE, CYCLES),
    *(QUEUE_LENGTH, BACKFILL_AGE, BACKFILLED, EVENTS, RPCS, RPC_SECONDS),
    *(*BY_ACCOUNT, *BY_USER, *BY_QOS),
)
