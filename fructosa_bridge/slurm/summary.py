"""The state of the cluster as plain values, for JSON, the terminal and the page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ..model.own_metric import OwnMetric
from ..nodes.node_sets import fold
from ..slurm_output.records import JobRecord, SlurmReading
from ..slurm_states.node_states import USABLE, NodeState
from . import cluster
from . import metrics as m
from .job_advice import job_advice
from .metrics import Samples

# More groups of nodes with a reason, or nodes on which jobs failed, help nobody.
_MOST_GROUPS = 100


def summary(
    reading: SlurmReading | None,
    states: Mapping[str, NodeState],
    samples: Samples,
    problems: Mapping[str, str],
    *,
    is_up: bool | None,
) -> dict[str, Any]:
    """Return what Slurm reported last.

    Times are in seconds since 1970, durations in seconds. ``partitions`` and ``cluster`` have the
    numbers of the series with these names; ``nodes`` are those that take no jobs, grouped by state
    and reason; ``problems`` are what cannot be read, by command. Lists are null if unknown.
    """
    found: dict[str, Any] = {"is_configured": True, "is_up": is_up, "problems": dict(problems)}
    if reading is None:
        return found
    return found | {
        "cluster": reading.config.cluster,
        "version": reading.config.version,
        "time_s": reading.time_s,
        "duration_s": reading.duration_s,
        "total": _numbers(samples),
        "partitions": None
        if reading.partitions is None
        else [
            {"name": one.name, "is_up": one.is_up, **_numbers(samples, one.name)}
            for one in reading.partitions
        ],
        "nodes": None if reading.nodes is None else _groups(states),
        "reservations": None
        if reading.reservations is None
        else [one._asdict() for one in reading.reservations],
        "licenses": None
        if reading.licenses is None
        else [one._asdict() for one in reading.licenses],
        "scheduler": None if reading.scheduler is None else dict(reading.scheduler.values),
        "failed_jobs": _failed(reading.jobs),
        "job_advice": list(job_advice(reading.config)),
    }


def _numbers(samples: Samples, partition: str = "") -> dict[str, Any]:
    """Return the numbers of a partition; of the cluster if its name is empty."""
    before = (partition,) if partition else ()

    def by_rest(metric: OwnMetric, total: OwnMetric) -> dict[tuple[str, ...], float] | None:
        values = samples.get(metric if partition else total)
        if values is None:
            return None
        return {
            labels[len(before) :]: value
            for labels, value in values.items()
            if labels[: len(before)] == before
        }

    def by_label(metric: OwnMetric, total: OwnMetric) -> dict[str, float] | None:
        found = by_rest(metric, total)
        return None if found is None else {labels[0]: value for labels, value in found.items()}

    def one(metric: OwnMetric, total: OwnMetric) -> float | None:
        return (by_rest(metric, total) or {}).get(())

    gpus: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (use, kind), value in (by_rest(m.GPUS, m.CLUSTER_GPUS) or {}).items():
        gpus[kind][use] = value
    found = {
        "nodes": by_label(m.NODES, m.CLUSTER_NODES),
        "cpus": by_label(m.CPUS, m.CLUSTER_CPUS),
        "memory_bytes": by_label(m.MEMORY, m.CLUSTER_MEMORY),
        "gpus": dict(gpus),
        "jobs": by_label(m.JOBS, m.CLUSTER_JOBS),
        "pending_by_reason": by_label(m.PENDING_JOBS, m.CLUSTER_PENDING_JOBS),
        "pending_cpus": one(m.PENDING_CPUS, m.CLUSTER_PENDING_CPUS),
        "pending_gpus": one(m.PENDING_GPUS, m.CLUSTER_PENDING_GPUS),
        "pending_nodes": one(m.PENDING_NODES, m.CLUSTER_PENDING_NODES),
    }
    if partition:
        found["oldest_wait_s"] = samples.get(m.OLDEST_WAIT, {}).get((partition,))
    return found


def _groups(states: Mapping[str, NodeState]) -> list[dict[str, Any]]:
    """Return the nodes that take no jobs, by state and reason, the largest groups first."""
    groups: defaultdict[tuple[str, bool, str | None], list[str]] = defaultdict(list)
    since: dict[tuple[str, bool, str | None], float] = {}
    for name, state in states.items():
        if state.state not in USABLE:
            key = (state.state, state.is_expected, state.reason)
            groups[key].append(name)
            if state.since_s is not None:
                since[key] = min(state.since_s, since.get(key, state.since_s))
    return [
        {
            "state": state,
            "is_expected": is_expected,
            "reason": why,
            "since_s": since.get((state, is_expected, why)),
            "count": len(names),
            "nodes": fold(names),
        }
        for (state, is_expected, why), names in sorted(
            groups.items(), key=lambda group: (-len(group[1]), group[0][0], group[0][2] or "")
        )[:_MOST_GROUPS]
    ]


def _failed(jobs: Iterable[JobRecord] | None) -> list[dict[str, Any]] | None:
    """Return the nodes on which jobs have failed lately, those with most first."""
    if jobs is None:
        return None
    counts: Counter[str] = cluster.failed_jobs(jobs)
    return [{"node": node, "jobs": count} for node, count in counts.most_common(_MOST_GROUPS)]
