"""From a reading to the samples of the cluster. A part that was not read has no samples."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from fructosa_service.errors import shown

from ..slurm_output.records import (
    JobRecord,
    LicenseRecord,
    NodeRecord,
    PartitionRecord,
    ReservationRecord,
    SchedulerStatistics,
    SlurmReading,
)
from ..slurm_output.tres import number
from ..slurm_output.vocabulary import FAILED, JOB_STATES, OTHER, job_state, reason
from . import metrics as m
from .metrics import Samples, SlurmMetric
from .node_states import USABLE, NodeState

QUANTILES = (0.5, 0.9)
# States that each partition has a sample of, even if it is 0: dashboards and alerts need them.
_JOB_STATES = ("pending", "running")
_NODE_STATES = ("idle", "mixed", "allocated", "draining", "drained", "down")
_USES = ("allocated", "idle", "other")
_EVENTS = ("submitted", "started", "completed", "canceled", "failed")

Values = dict[tuple[str, ...], float]
Optional = Mapping[str, tuple[SlurmMetric, SlurmMetric, SlurmMetric]]

LABELS: Optional = {"users": m.BY_USER, "accounts": m.BY_ACCOUNT, "qos": m.BY_QOS}


def samples(
    reading: SlurmReading, states: Mapping[str, NodeState], labels: Sequence[str] = ()
) -> Samples:
    """Return the samples of a *reading*; *states* are those of its nodes by their names.

    *labels* are those of users, accounts and qos that have series of their own.
    """
    found: Samples = {}
    partitions = [partition.name for partition in reading.partitions or ()]
    if reading.jobs is not None:
        found |= _job_samples(reading.jobs, partitions, reading.time_s)
        for label in labels:
            found |= _samples_by(reading.jobs, label)
    if reading.nodes is not None:
        found |= _node_samples(reading.nodes, states, partitions)
    if reading.partitions is not None:
        found |= _partition_samples(reading.partitions)
    if reading.reservations is not None:
        found |= _reservation_samples(reading.reservations)
    if reading.licenses is not None:
        found |= _license_samples(reading.licenses)
    if reading.scheduler is not None:
        found |= _scheduler_samples(reading.scheduler, reading.time_s)
    return found


def unknown_words(reading: SlurmReading) -> list[str]:
    """Return the states and reasons of a *reading* that count as ``other``, for a log line."""
    jobs = reading.jobs or ()
    found = {f"job state {shown(job.state)}" for job in jobs if job.state not in JOB_STATES}
    pending = {job.reason for job in jobs if job.state == "PENDING"}
    found |= {f"reason {shown(one)}" for one in pending if reason(one) == OTHER}
    return sorted(found)


def _job_samples(jobs: Sequence[JobRecord], partitions: Iterable[str], now_s: float) -> Samples:
    queues = dict.fromkeys(partitions, ())
    by_state: Values = {(name, state): 0 for name in queues for state in _JOB_STATES}
    cluster_states: Values = {(state,): 0 for state in _JOB_STATES}
    by_reason, cluster_reasons = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    demand: list[Values] = [{(name,): 0 for name in queues} for _ in range(3)]
    cluster_demand = [0.0, 0.0, 0.0]
    waits: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    failed = Counter[str]()
    for job in jobs:
        count, state = job.task_count, job_state(job.state)
        cluster_states[state,] = cluster_states.get((state,), 0) + count
        for name in job.partitions:
            by_state[name, state] = by_state.get((name, state), 0) + count
        if job.state == "PENDING":
            why = reason(job.reason)
            cluster_reasons[why,] += count
            for name in job.partitions:
                by_reason[name, why] += count
            eligible_s = job.eligible_s
            if eligible_s is None or eligible_s > now_s:
                continue
            wanted = (number(job.cpus) or 0, job.gpus, number(job.node_count) or 0)
            for index, each in enumerate(wanted):
                cluster_demand[index] += each * count
                for name in job.partitions:
                    demand[index][name,] = demand[index].get((name,), 0) + each * count
            for name in job.partitions:
                waits[name].append((now_s - eligible_s, count))
        elif job.state in FAILED and job.nodes and number(job.node_count) == 1:
            failed[job.nodes] += 1
    return {
        m.JOBS: by_state,
        m.CLUSTER_JOBS: cluster_states,
        m.PENDING_JOBS: dict(by_reason),
        m.CLUSTER_PENDING_JOBS: dict(cluster_reasons),
        m.PENDING_CPUS: demand[0],
        m.PENDING_GPUS: demand[1],
        m.PENDING_NODES: demand[2],
        m.CLUSTER_PENDING_CPUS: {(): cluster_demand[0]},
        m.CLUSTER_PENDING_GPUS: {(): cluster_demand[1]},
        m.CLUSTER_PENDING_NODES: {(): cluster_demand[2]},
        m.WAIT: {
            (name, f"{quantile:g}"): _quantile(sorted(found), quantile)
            for name, found in waits.items()
            for quantile in QUANTILES
        },
        m.OLDEST_WAIT: {(name,): max(found)[0] for name, found in waits.items()},
        m.WORST_NODE: {(): max(failed.values(), default=0)},
    }


def _quantile(waits: Sequence[tuple[float, int]], quantile: float) -> float:
    """Return the least wait that this part of the jobs does not exceed; each has its count."""
    left = quantile * sum(count for _, count in waits)
    for wait_s, count in waits:
        left -= count
        if left <= 0:
            return wait_s
    return waits[-1][0]


def _samples_by(jobs: Sequence[JobRecord], label: str) -> Samples:
    """Return the jobs, CPUs and GPUs by user, account or QOS."""
    by_state, cpus, gpus = LABELS[label]
    found: Samples = {by_state: {}, cpus: {}, gpus: {}}
    field = {"users": "user", "accounts": "account", "qos": "qos"}[label]
    for job in jobs:
        if job.state not in ("PENDING", "RUNNING"):
            continue
        name = getattr(job, field)
        name = "none" if name in ("", "(null)") else name
        _add(found[by_state], (name, job_state(job.state)), job.task_count)
        if job.state == "RUNNING":
            _add(found[cpus], (name,), number(job.cpus) or 0)
            _add(found[gpus], (name,), job.gpus)
    return found


def _node_samples(
    nodes: Sequence[NodeRecord], states: Mapping[str, NodeState], partitions: Iterable[str]
) -> Samples:
    found: Samples = {
        metric: {}
        for metric in (
            *(m.NODES, m.CLUSTER_NODES, m.CPUS, m.CLUSTER_CPUS, m.MEMORY, m.CLUSTER_MEMORY),
            *(m.GPUS, m.CLUSTER_GPUS),
        )
    }
    for name in partitions:
        found[m.NODES] |= {(name, state): 0 for state in _NODE_STATES}
        found[m.CPUS] |= {(name, use): 0 for use in _USES}
        found[m.MEMORY] |= {(name, use): 0 for use in _USES}
    found[m.CLUSTER_NODES] |= {(state,): 0 for state in _NODE_STATES}
    for node in nodes:
        state = states[node.name].state
        is_usable = state in USABLE
        used = (
            (m.CPUS, m.CLUSTER_CPUS, (), _uses(node.cpus, node.allocated_cpus, is_usable)),
            (
                m.MEMORY,
                m.CLUSTER_MEMORY,
                (),
                _uses(node.memory_bytes, node.allocated_memory_bytes, is_usable),
            ),
            *(
                (
                    m.GPUS,
                    m.CLUSTER_GPUS,
                    (kind,),
                    _uses(count, node.allocated_gpus.get(kind, 0), is_usable),
                )
                for kind, count in node.gpus.items()
            ),
        )
        _add(found[m.CLUSTER_NODES], (state,), 1)
        for name in node.partitions:
            _add(found[m.NODES], (name, state), 1)
        for metric, cluster_metric, kind, amounts in used:
            for use, amount in zip(_USES, amounts, strict=True):
                _add(found[cluster_metric], (*kind, use), amount)
                for name in node.partitions:
                    _add(found[metric], (name, *kind, use), amount)
    return found


def _uses(total: int, allocated: int, is_usable: bool) -> tuple[int, int, int]:
    """Return how much is allocated, idle, and other."""
    left = max(total - allocated, 0)
    return (allocated, left, 0) if is_usable else (allocated, 0, left)


def _add(values: Values, labels: tuple[str, ...], amount: float) -> None:
    values[labels] = values.get(labels, 0) + amount


def _partition_samples(partitions: Sequence[PartitionRecord]) -> Samples:
    return {m.PARTITION_UP: {(one.name,): float(one.is_up) for one in partitions}}


def _reservation_samples(reservations: Sequence[ReservationRecord]) -> Samples:
    active = [one for one in reservations if one.is_active]
    return {
        m.RESERVATIONS: {(): len(active)},
        m.RESERVED_NODES: {(): sum(one.node_count for one in active)},
    }


def _license_samples(licenses: Sequence[LicenseRecord]) -> Samples:
    return {
        m.LICENSES: dict(
            chain.from_iterable(
                (
                    ((one.name, "used"), one.used),
                    ((one.name, "reserved"), one.reserved),
                    ((one.name, "free"), max(one.total - one.used - one.reserved, 0)),
                )
                for one in licenses
            )
        )
    }


def _scheduler_samples(scheduler: SchedulerStatistics, now_s: float) -> Samples:
    values = scheduler.values
    single = (
        (m.SERVER_THREADS, "server_threads"),
        (m.AGENT_QUEUE, "agent_queue_size"),
        (m.DBD_QUEUE, "dbd_agent_queue_size"),
        (m.BACKFILLED, "backfilled_jobs"),
    )
    found: Samples = {metric: {(): values[name]} for metric, name in single if name in values}
    for metric, name in (
        (m.LAST_CYCLE, "last_cycle_s"),
        (m.MEAN_CYCLE, "mean_cycle_s"),
        (m.MAX_CYCLE, "max_cycle_s"),
        (m.CYCLES, "cycles"),
        (m.QUEUE_LENGTH, "queue_length"),
    ):
        found[metric] = {
            (one,): values[f"{one}_{name}"]
            for one in ("main", "backfill")
            if f"{one}_{name}" in values
        }
    if (last_s := values.get("backfill_last_time_s")) is not None:
        found[m.BACKFILL_AGE] = {(): max(now_s - last_s, 0)}
    found[m.EVENTS] = {
        (event,): values[f"jobs_{event}"] for event in _EVENTS if f"jobs_{event}" in values
    }
    found[m.RPCS] = {(one.kind,): one.count for one in scheduler.rpcs}
    found[m.RPC_SECONDS] = {(one.kind,): one.total_s for one in scheduler.rpcs}
    return found
