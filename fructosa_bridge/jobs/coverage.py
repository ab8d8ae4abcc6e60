"""How much of a run is known, what is missing in words, and what the run has wasted."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from .node_parts import NodePart
from .runs import AWAITED_S, JobRun

# By so much the clock of slurmctld and that of lmaster may differ: one interval.
TOLERANCE_S = 30.0
LEAST_COVERAGE = 0.8
# Slurm gives times in whole seconds: until a node tells of the end itself, it may be this later.
_RESOLUTION_S = 1.0
# Clocks are hardly further apart: an agent that ran by then was there from the start on.
_NEAR_S = 10.0
_MOST_NAMED = 5
_HOUR_S = 3600.0
_GB = 1e9

SILENT = "{node} fell silent at {time}: figures until then"
NOT_OF_ITS_END = "{node} was last read {seconds:.0f} s before the end"
UNREAD = "{node}: the job ended there before its use could be read"
MISSED = "{node}: of {seconds:.0f} s the use is not known, as its agent or the node was restarted"
NOTHING = "nothing is known of {nodes}"
NOT_READ_YET = "not read yet since the job {happened}: {nodes}; ask again in a minute"
SHARED = "{node}: its agent did not tell this run from the one before, so its memory is unknown"
KILLED = (
    "{node}: the kernel killed {count:.0f} process{es}, as the memory of the job or of a step was "
    "used up"
)


class JobFigures(NamedTuple):
    """What a run has used, over all its nodes that are known; None is unknown.

    CPU seconds and kills are sums over nodes, and so is memory: the sum of the maxima of the nodes,
    which they may not have reached at the same time. The limit is the sum of those nodes' limits,
    else what Slurm allotted.
    """

    cpu_s: float | None
    oom_kills: float | None
    stalled_cpu_s: float | None
    stalled_memory_s: float | None
    stalled_io_s: float | None
    memory_own_max_bytes: float | None
    memory_peak_bytes: float | None
    memory_limit_bytes: float | None
    coverage: float


class JobWaste(NamedTuple):
    """What a run had and did not use, in hours; None if it has not ended, or too little is known.

    Core-hours: (CPUs x known time - CPU seconds) / 3600, where the known time is the elapsed time x
    coverage. GPU-hours: (GPUs x known time - busy seconds) / 3600, where the known
    time is the elapsed time x the coverage of the busy seconds. GB-hours: (limit - the
    kernel's peak) x elapsed time / 3600, in units of 10^9 bytes; the peak includes file cache, so
    the waste is at least this. Nothing is below zero. A run that was suspended has no waste: for
    how long is unknown.
    """

    core_hours: float | None = None
    gpu_hours: float | None = None
    gb_hours: float | None = None


def figures(run: JobRun, now_s: float) -> JobFigures:
    """Return what a run has used until *now_s*."""
    parts = list(run.parts.values())
    sums = (_sum(part.totals[at] for part in parts) for at in range(5))
    own, peak, limit = (_sum(part.levels[at] for part in parts) for at in (1, 2, 3))
    if limit is None and run.memory_asked_bytes:
        limit = float(run.memory_asked_bytes)
    return JobFigures._make((*sums, own, peak, limit, coverage(run, now_s)))


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def coverage(run: JobRun, now_s: float) -> float:
    """Return the share of the run's time, over all its nodes, for which the figures are known."""
    nodes = {*run.nodes, *run.parts}
    if not nodes:
        return 0.0
    shares = (part_coverage(run.parts[one], run, now_s) for one in nodes if one in run.parts)
    return sum(shares) / len(nodes)


def part_coverage(part: NodePart, run: JobRun, now_s: float) -> float:
    """Return the share of the run's time for which a node's figures are known, from 0 to 1."""
    if part.look_s is None or (part.totals[0] is None and part.levels[2] is None):
        return 0.0
    start_s, end_s = _window(part, run, now_s)
    missing_s = (
        part.missed_s + _unknown_before_s(part, start_s) + _unknown_after_s(part, end_s, run)
    )
    if end_s - start_s <= 0:
        return 1.0 if missing_s <= 0 else 0.0
    return min(1.0, max(0.0, 1.0 - missing_s / (end_s - start_s)))


def _window(part: NodePart, run: JobRun, now_s: float) -> tuple[float, float]:
    """Return from when to when the run had this node, as far as that is known."""
    start_s = run.start_s
    if start_s is None:
        start_s = part.look_s or now_s if part.began_s is None else part.began_s
    end_s = run.ended_s
    if end_s is None:  # at the latest it ended when lmaster learned of it
        end_s = run.over_since_s if run.is_over else now_s
    return start_s, max(start_s, end_s)


def _unknown_before_s(part: NodePart, start_s: float) -> float:
    """Return for how long nobody looked, from the start of the run on.

    The kernel counts from the beginning of a job's cgroup. That it did not exist before is known
    if the agent ran.
    """
    if part.began_s is None or part.since_s <= start_s + _NEAR_S:
        return 0.0
    gap_s = min(part.began_s, part.since_s) - start_s
    return gap_s if gap_s > _NEAR_S / 2 else 0.0


def _unknown_after_s(part: NodePart, end_s: float, run: JobRun) -> float:
    """Return for how long nothing is known until the end of the run, or until now."""
    known_s = part.known_until_s
    if known_s is None:
        return 0.0
    is_of_its_end = part.end_s is not None and part.is_final
    # An agent that runs is read once an interval.
    is_read = not run.is_over and part.look_s is not None
    gap_s = end_s - known_s
    if run.is_over and part.end_s is None:
        gap_s += _RESOLUTION_S
    if (is_of_its_end or is_read) and gap_s <= 2 * TOLERANCE_S:
        return 0.0
    if part.end_s is not None and not part.is_final and part.look_s is not None:
        gap_s = max(gap_s, part.end_s - part.look_s)
    return max(0.0, gap_s)


def waste(run: JobRun, known: JobFigures, least_coverage: float = LEAST_COVERAGE) -> JobWaste:
    """Return what a run that has ended did not use of what it had."""
    end_s = run.ended_s
    if not run.is_over or end_s is None or run.start_s is None or run.was_suspended:
        return JobWaste()
    elapsed_s = max(0.0, end_s - run.start_s)
    core_hours = gpu_hours = gb_hours = None
    if known.coverage >= least_coverage:
        if known.cpu_s is not None and run.cpus is not None:
            core_hours = (run.cpus * elapsed_s * known.coverage - known.cpu_s) / _HOUR_S
        is_shared = any(part.is_shared for part in run.parts.values())
        peak, limit = known.memory_peak_bytes, known.memory_limit_bytes
        if peak is not None and limit is not None and not is_shared:
            gb_hours = (limit - peak) / _GB * elapsed_s / _HOUR_S
    if run.gpu_busy_s is not None and run.gpu_count:
        gpu_hours = (run.gpu_count * elapsed_s * run.gpu_coverage - run.gpu_busy_s) / _HOUR_S
    return JobWaste(*map(_not_below_zero, (core_hours, gpu_hours, gb_hours)))


def _not_below_zero(value: float | None) -> float | None:
    return None if value is None else max(0.0, value)


def notes(run: JobRun, now_s: float, zone: tzinfo | None = None) -> list[str]:
    """Return what is not known of a run, and why, in words."""
    found = [*run.marks, *run.gpu_notes]
    silent = [one for one in run.nodes if one not in run.parts]
    parts = list(run.parts.values())
    if _is_awaited(run, now_s):
        if run.is_over:
            silent += [part.node for part in parts if part.end_s is None]
            parts = [part for part in parts if part.end_s is not None]
        happened = "ended" if run.is_over else "began"
        found += [NOT_READ_YET.format(nodes=_named(silent), happened=happened)] if silent else []
    elif silent:
        why = f" ({run.page_error})" if run.page_error else ""
        found.append(NOTHING.format(nodes=_named(silent)) + why)
    of_nodes: list[str] = []
    for part in parts:
        of_nodes += _notes_of(part, run, now_s, zone)
        if len(of_nodes) >= 2 * _MOST_NAMED:
            break
    return found + of_nodes


def _is_awaited(run: JobRun, now_s: float) -> bool:
    """Return whether a run has just begun or ended, so that the next pages will tell of it."""
    since_s = run.over_since_s if run.is_over else run.start_s
    return since_s is not None and now_s < since_s + AWAITED_S


def _named(nodes: Sequence[str]) -> str:
    more = len(nodes) - _MOST_NAMED
    return ", ".join(nodes[:_MOST_NAMED]) + (f" and {more} more nodes" if more > 0 else "")


def _notes_of(part: NodePart, run: JobRun, now_s: float, zone: tzinfo | None) -> list[str]:
    found = []
    _, end_s = _window(part, run, now_s)
    gap_s = _unknown_after_s(part, end_s, run)
    if gap_s > TOLERANCE_S and part.look_s is not None:
        moment = datetime.fromtimestamp(max(0.0, part.look_s), zone).astimezone(zone)
        found.append(SILENT.format(node=part.node, time=moment.isoformat(timespec="seconds")))
    elif gap_s >= 1 and run.is_over:
        found.append(NOT_OF_ITS_END.format(node=part.node, seconds=gap_s))
    if part.end_s is not None and part.totals[0] is None and part.levels[2] is None:
        found.append(UNREAD.format(node=part.node))
    if part.missed_s >= 1:
        found.append(MISSED.format(node=part.node, seconds=part.missed_s))
    if part.is_shared:
        found.append(SHARED.format(node=part.node))
    if part.totals[1]:
        es = "" if part.totals[1] == 1 else "es"
        found.append(KILLED.format(node=part.node, count=part.totals[1], es=es))
    return found
