"""From a reading to the samples of the cluster. A part that was not read has no samples."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter

from fructosa_service.errors import shown

from ..model.own_metric import OwnMetric, Values
from ..slurm_output.records import (
    JobRecord,
    LicenseRecord,
    NodeRecord,
    PartitionRecord,
    ReservationRecord,
    SchedulerStatistics,
    SlurmReading,
)
from ..slurm_output.tres import array_tasks, number
from ..slurm_output.vocabulary import (
    FAILED,
    JOB_STATES,
    NODE_BASE_STATES,
    NODE_FLAGS,
    OTHER,
    job_state,
    reason,
)
from ..slurm_states.node_states import USABLE, NodeState
from . import metrics as m
from .metrics import Samples

QUANTILES = (0.5, 0.9)
# States that each partition has a sample of, even if it is 0: dashboards and alerts need them.
_JOB_STATES = ("pending", "running")
_NODE_STATES = ("idle", "mixed", "allocated", "draining", "drained", "down")
_USES = ("allocated", "idle", "other")
_EVENTS = ("submitted", "started", "completed", "canceled", "failed")

LABELS: Mapping[str, tuple[OwnMetric, OwnMetric, OwnMetric]] = {
    "users": m.BY_USER,
    "accounts": m.BY_ACCOUNT,
    "qos": m.BY_QOS,
}
"""The numbers of jobs, CPUs and GPUs by user, account and QOS."""


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
    """Return the states, flags and reasons of a *reading* that are unknown, for a log line."""
    jobs = reading.jobs or ()
    found = {f"job state {shown(job.state)}" for job in jobs if job.state not in JOB_STATES}
    pending = {job.reason for job in jobs if job.state == "PENDING"}
    found |= {f"reason {shown(one)}" for one in pending if reason(one) == OTHER}
    nodes = {(node.base_state, node.flags) for node in reading.nodes or ()}
    found |= {f"node state {shown(base)}" for base, _ in nodes if base not in NODE_BASE_STATES}
    found |= {f"node flag {shown(one)}" for _, flags in nodes for one in flags - NODE_FLAGS}
    return sorted(found)


# Thousands of jobs differ only in their ids and times: what they have in common is looked at once.
_ALIKE = itemgetter(
    *map(
        JobRecord._fields.index,
        (
            *("state", "reason", "partition", "cpus", "node_count", "tasks"),
            *("tres", "tres_per_job", "tres_per_node", "tres_per_socket", "tres_per_task"),
        ),
    )
)


def _job_samples(jobs: Sequence[JobRecord], partitions: Iterable[str], now_s: float) -> Samples:
    names = list(partitions)
    by_state: Values = {(name, state): 0 for name in names for state in _JOB_STATES}
    cluster_states: Values = {(state,): 0 for state in _JOB_STATES}
    by_reason: Values = {}
    cluster_reasons: Values = {}
    groups: dict[tuple[str, ...], list[JobRecord]] = {}
    for job in jobs:
        groups.setdefault(_ALIKE(job), []).append(job)
    for alike in groups.values():
        one = alike[0]
        is_pending = one.state == "PENDING"
        count = sum(map(tasks, alike)) if is_pending else len(alike)
        state, why = job_state(one.state), reason(one.reason)
        _add(cluster_states, (state,), count)
        if is_pending:
            _add(cluster_reasons, (why,), count)
        for name in one.partitions:
            _add(by_state, (name, state), count)
            if is_pending:
                _add(by_reason, (name, why), count)
    return {
        m.JOBS: by_state,
        m.CLUSTER_JOBS: cluster_states,
        m.PENDING_JOBS: by_reason,
        m.CLUSTER_PENDING_JOBS: cluster_reasons,
        m.WORST_NODE: {(): max(failed_jobs(jobs).values(), default=0)},
        **_demand(groups.values(), names, now_s),
    }


def _demand(
    groups: Iterable[Sequence[JobRecord]], partitions: Sequence[str], now_s: float
) -> Samples:
    """Return what pending jobs that could start ask for, and how long they have waited."""
    each = (m.PENDING_CPUS, m.PENDING_GPUS, m.PENDING_NODES)
    sums = (m.CLUSTER_PENDING_CPUS, m.CLUSTER_PENDING_GPUS, m.CLUSTER_PENDING_NODES)
    found: Samples = {metric: {(name,): 0 for name in partitions} for metric in each}
    found |= {metric: {(): 0} for metric in sums}
    waits: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for alike in groups:
        one = alike[0]
        if one.state != "PENDING":
            continue
        waited = [
            (now_s - time_s, array_tasks(job.array_task_id))
            for job in alike
            if (time_s := job.eligible_s) is not None and time_s <= now_s
        ]
        count = sum(number_of_tasks for _, number_of_tasks in waited)
        wanted = (number(one.cpus) or 0, one.gpus, number(one.node_count) or 0)
        for metric, total, amount in zip(each, sums, wanted, strict=True):
            _add(found[total], (), amount * count)
            for name in one.partitions:
                _add(found[metric], (name,), amount * count)
        for name in one.partitions:
            waits[name] += waited
    found[m.WAIT], found[m.OLDEST_WAIT] = {}, {}
    for name, of_partition in waits.items():
        if of_partition:
            of_partition.sort()
            found[m.OLDEST_WAIT][name,] = of_partition[-1][0]
            for quantile in QUANTILES:
                found[m.WAIT][name, f"{quantile:g}"] = _quantile(of_partition, quantile)
    return found


def tasks(job: JobRecord) -> int:
    """Return the number of jobs that a record stands for: pending tasks of an array share one."""
    return array_tasks(job.array_task_id) if job.state == "PENDING" else 1


def failed_jobs(jobs: Iterable[JobRecord]) -> Counter[str]:
    """Return how many jobs on one node alone have failed lately, by node."""
    return Counter(
        job.nodes for job in jobs if job.state in FAILED and job.nodes and job.node_count == "1"
    )


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
        state = job_state(job.state)
        labels = (name, state) if by_state.labels[1] == "state" else (state, name)
        _add(found[by_state], labels, tasks(job))
        if job.state == "RUNNING":
            _add(found[cpus], (name,), number(job.cpus) or 0)
            _add(found[gpus], (name,), job.gpus)
    return found


class _Sums:
    """The sums of nodes with the same partitions and state; GPUs by type: all, and allocated."""

    __slots__ = ("amounts", "gpus", "nodes")

    def __init__(self) -> None:
        self.nodes = 0
        self.amounts = [0, 0, 0, 0]  # CPUs, allocated CPUs, memory, allocated memory
        self.gpus: dict[str, list[int]] = {}


def _node_samples(
    nodes: Sequence[NodeRecord], states: Mapping[str, NodeState], partitions: Iterable[str]
) -> Samples:
    found: Samples = {m.GPUS: {}, m.CLUSTER_GPUS: {}}
    names = list(partitions)
    found[m.NODES] = {(name, state): 0 for name in names for state in _NODE_STATES}
    found[m.CLUSTER_NODES] = {(state,): 0 for state in _NODE_STATES}
    for metric in (m.CPUS, m.MEMORY):
        found[metric] = {(name, use): 0 for name in names for use in _USES}
    for metric in (m.CLUSTER_CPUS, m.CLUSTER_MEMORY):
        found[metric] = {(use,): 0 for use in _USES}
    for (of, state), sums in _sums(nodes, states).items():
        _add(found[m.CLUSTER_NODES], (state,), sums.nodes)
        for name in of:
            _add(found[m.NODES], (name, state), sums.nodes)
        if state == "future":  # what is not there has no processors
            continue
        cpus, allocated_cpus, memory, allocated_memory = sums.amounts
        for metric, total, kind, amounts in (
            (m.CPUS, m.CLUSTER_CPUS, (), (cpus, allocated_cpus)),
            (m.MEMORY, m.CLUSTER_MEMORY, (), (memory, allocated_memory)),
            *((m.GPUS, m.CLUSTER_GPUS, (kind,), both) for kind, both in sums.gpus.items()),
        ):
            for use, amount in zip(
                _USES, _uses(amounts[0], amounts[1], state in USABLE), strict=True
            ):
                _add(found[total], (use, *kind), amount)
                for name in of:
                    _add(found[metric], (name, use, *kind), amount)
    return found


def _sums(
    nodes: Iterable[NodeRecord], states: Mapping[str, NodeState]
) -> Mapping[tuple[tuple[str, ...], str], _Sums]:
    """Return the sums of nodes with the same partitions and state."""
    groups: defaultdict[tuple[tuple[str, ...], str], _Sums] = defaultdict(_Sums)
    for node in nodes:
        sums = groups[node.partitions, states[node.name].state]
        sums.nodes += 1
        amounts = sums.amounts
        amounts[0] += node.cpus
        amounts[1] += node.allocated_cpus
        amounts[2] += node.memory_bytes
        amounts[3] += node.allocated_memory_bytes
        for kind, count in node.gpus.items():
            both = sums.gpus.setdefault(kind, [0, 0])
            both[0] += count
            both[1] += node.allocated_gpus.get(kind, 0)
    return groups


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
