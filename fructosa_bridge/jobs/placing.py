"""Which run of a job an entry of a node's page belongs to: by time, as a node knows no restarts."""

from collections.abc import Iterable
from typing import NamedTuple

from .node_parts import JobAgent
from .page import JobReading
from .runs import JobRun

# An entry that does not begin with a run is of it only if so much of its time is in the run.
_LEAST_SHARE = 0.5


class EntryTimes(NamedTuple):
    """An entry of a page: of which node and agent, and from when to when it is."""

    node: str
    agent: JobAgent
    restart: str
    began_s: float
    end_s: float


def times_of(node: str, reading: JobReading, agent: JobAgent, now_s: float) -> EntryTimes:
    """Return the times of a *reading* that was fetched at *now_s*."""
    end_s = now_s - (reading.end_age_s or 0.0)
    began_s = end_s if reading.age_s is None else now_s - reading.age_s
    return EntryTimes(node, agent, reading.restart, min(began_s, end_s), end_s)


def best_run(entry: EntryTimes, runs: Iterable[JobRun], tolerance_s: float) -> JobRun | None:
    """Return the run that an *entry* belongs to, None if it fits none of them.

    Clocks are apart by up to *tolerance_s*, so several may fit: first counts which has more of its
    time, then which began with it, then whose start is nearer.
    """
    best, best_fit = None, (0.0, False, 0.0)
    for run in runs:
        fit = _fit(entry, run, tolerance_s)
        if fit is not None and (best is None or fit > best_fit):
            best, best_fit = run, fit
    return best


def _fit(entry: EntryTimes, run: JobRun, tolerance_s: float) -> tuple[float, bool, float] | None:
    if run.start_s is None or (run.nodes and not run.has_node(entry.node)):
        return None
    if not _is_free_for(entry, run, run.start_s):
        return None
    start_s, end_s = run.start_s, run.ended_s
    if end_s is None:
        end_s = run.over_since_s if run.is_over else entry.end_s + tolerance_s
    if entry.began_s < start_s - tolerance_s:
        return None  # at least a part of it is of an earlier run
    begins_with_it = entry.began_s <= start_s + tolerance_s
    if not begins_with_it:
        if run.is_over and entry.began_s >= end_s:
            return None  # it is of a later run, even if Slurm has not listed that yet
        if _overlap(entry, start_s, end_s + tolerance_s) < _LEAST_SHARE:
            return None
    return _overlap(entry, start_s, end_s), begins_with_it, -abs(entry.began_s - start_s)


def _is_free_for(entry: EntryTimes, run: JobRun, start_s: float) -> bool:
    """Return whether a run has no figures of another entry, which its node tells apart.

    If it has, that entry gives way to one that began nearer to the run's start: the run that it was
    of was over before Slurm listed it. A node has not seen more restarts than Slurm has counted.
    """
    part = run.parts.get(entry.node)
    if part is None or part.agent is not entry.agent or part.restart == entry.restart:
        return True
    if part.began_s is None or int(entry.restart or 0) > run.key.restart:
        return False
    return abs(entry.began_s - start_s) < abs(part.began_s - start_s)


def _overlap(entry: EntryTimes, start_s: float, end_s: float) -> float:
    """Return the share of the entry's time that lies between two times."""
    length_s = entry.end_s - entry.began_s
    if length_s <= 0:
        return float(start_s <= entry.end_s <= end_s)
    inside_s = min(entry.end_s, end_s) - max(entry.began_s, start_s)
    return max(0.0, inside_s) / length_s
