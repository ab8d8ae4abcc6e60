"""A run as JSON: what ``lmaster job ID --json`` prints, and other programs read."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any

from ..jobs.names import RunKey
from .views import RunView

SCHEMA = 1
_NO_REASON = "None"  # as Slurm writes it
_LAST_TIME_S = 2.5e11  # datetime ends with the year 9999


def record(view: RunView, runs: int | None = None, zone: tzinfo = UTC) -> dict[str, Any]:
    """Return a run as JSON: *runs* is how many runs of its job are known; unknown is None.

    Times are in ISO 8601, in *zone*.
    """
    return {
        "schema": SCHEMA,
        "cluster": view.cluster,
        "id": view.id,
        "sluid": view.sluid,
        "submit": _time(view.submit_s if view.submit_s > 0 else None, zone),
        "restart": view.restart,
        "user": view.user,
        "account": view.account,
        "partition": view.partition,
        "qos": view.qos,
        "name": view.name,
        "state": view.state,
        "exit_code": view.exit_code,
        "reason": None if view.reason == _NO_REASON else view.reason,
        "nodes": list(view.nodes),
        "start": _time(view.start_s, zone),
        "end": _time(view.end_s, zone),
        "time_limit_seconds": _whole(view.time_limit_s),
        "cpus": view.cpus,
        "cpu_seconds": _rounded(view.cpu_s),
        "stalled_seconds": {
            "cpu": _rounded(view.stalled_cpu_s),
            "memory": _rounded(view.stalled_memory_s),
            "io": _rounded(view.stalled_io_s),
        },
        "memory_asked_bytes": view.memory_asked_bytes,
        "memory_limit_bytes": _whole(view.memory_limit_bytes),
        "memory_own_max_bytes": _whole(view.memory_own_max_bytes),
        "memory_peak_bytes": _whole(view.memory_peak_bytes),
        "oom_kills": _whole(view.oom_kills),
        "gpus": None if view.gpus is None else list(view.gpus),
        "energy_joules": _rounded(view.energy_joules),
        "coverage": round(view.coverage, 4),
        "runs": runs,
        "notes": list(view.notes),
    }


def records(runs: Sequence[RunView]) -> list[dict[str, Any]]:
    """Return the last run of each job, with the number of its runs; *runs* are the oldest first.

    An id that Slurm has used again stands for its last job.
    """
    counts = run_counts(map(key_of, runs))
    last = {_job_of(key_of(run)): run for run in runs}
    return [record(run, counts[key_of(run)]) for run in last.values()]


def all_records(
    runs: Sequence[RunView], counts: Mapping[RunKey, int] | None = None
) -> list[dict[str, Any]]:
    """Return all *runs*, each with the number of runs of its job.

    Without *counts*, they are all runs of their jobs, the oldest first.
    """
    if counts is None:
        counts = run_counts(map(key_of, runs))
    return [record(run, counts.get(key_of(run))) for run in runs]


def run_counts(keys: Iterable[RunKey]) -> dict[RunKey, int]:
    """Return the number of runs of the job of each run; *keys* are the oldest first.

    Slurm uses ids again: a requeue counts on from the run before it, another job begins anew. Slurm
    may give a requeue a new time of submission, too.
    """
    jobs: list[list[RunKey]] = []
    last: dict[Hashable, list[RunKey]] = {}
    for key in keys:
        of_job = last.get(_job_of(key))
        if of_job is None or key.restart <= of_job[-1].restart:
            last[_job_of(key)] = of_job = []
            jobs.append(of_job)
        of_job.append(key)
    return {key: len(of_job) for of_job in jobs for key in of_job}


def key_of(run: RunView) -> RunKey:
    """Return the key of a run."""
    return RunKey(run.cluster, run.job_id, run.submit_s, run.restart)


def _job_of(key: RunKey) -> Hashable:
    # Without an id, the time of submission stands for the SLUID.
    return key.cluster, key.job_id or key.submit_s


def _time(time_s: float | None, zone: tzinfo) -> str | None:
    if time_s is None or not 0 <= time_s < _LAST_TIME_S:
        return None
    try:
        return datetime.fromtimestamp(time_s, zone).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):  # no calendar has it
        return None


def _whole(value: float | None) -> int | None:
    return None if value is None or not isfinite(value) else round(value)


def _rounded(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else round(value, 3)
