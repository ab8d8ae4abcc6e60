"""A run as JSON: what ``lmaster job ID --json`` prints, and other programs read."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from math import isfinite
from typing import Any

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
        "name": view.name,
        "state": view.state,
        "exit_code": view.exit_code,
        "reason": None if view.reason == _NO_REASON else view.reason,
        "nodes": list(view.nodes),
        "start": _time(view.start_s, zone),
        "end": _time(view.end_s, zone),
        "cpus": view.cpus,
        "cpu_seconds": _rounded(view.cpu_s),
        "memory_limit_bytes": _whole(view.memory_limit_bytes),
        "memory_own_max_bytes": _whole(view.memory_own_max_bytes),
        "memory_peak_bytes": _whole(view.memory_peak_bytes),
        "gpus": None if view.gpus is None else list(view.gpus),
        "energy_joules": _rounded(view.energy_joules),
        "coverage": round(view.coverage, 4),
        "runs": runs,
        "notes": list(view.notes),
    }


def records(runs: Sequence[RunView]) -> list[dict[str, Any]]:
    """Return the last run of each job, with the number of its runs; *runs* are the oldest first.

    An id that Slurm has used again stands for its last job. A requeue counts on from the run before
    it; Slurm may give it a new time of submission, too.
    """
    by_id: dict[tuple[str, int | str | None], list[RunView]] = {}
    for run in runs:
        of_job = by_id.setdefault((run.cluster, run.job_id or run.sluid), [])
        if of_job and run.restart <= of_job[-1].restart:
            of_job.clear()
        of_job.append(run)
    return [record(of_job[-1], len(of_job)) for of_job in by_id.values()]


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
