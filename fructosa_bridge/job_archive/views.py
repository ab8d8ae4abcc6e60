"""A run as it is shown and stored: plain values, nothing of how they came about."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from ..jobs.coverage import LEAST_COVERAGE, figures, notes, part_coverage, waste
from ..jobs.curves import MOST_NODES, CurvePoints, over_nodes
from ..jobs.names import written
from ..jobs.node_parts import NodePart
from ..jobs.runs import JobRun

CPU, MEMORY = "cpu", "memory"
# The fields that a run has by the same names.
_ALIKE = (
    *("sluid", "array_job_id", "array_task", "het_job_id", "het_offset", "user", "uid"),
    *("account", "partition", "qos", "name", "state", "exit_code", "reason", "start_s"),
    *("is_over", "cpus", "gpu_count", "memory_asked_bytes", "time_limit_s", "gpu_busy_s"),
    "energy_joules",
)


class NodeView(NamedTuple):
    """What a run used on a node; None is unknown. Times are in seconds since 1970."""

    node: str
    cpus: float | None
    cpu_s: float | None
    own_max_bytes: float | None
    peak_bytes: float | None
    limit_bytes: float | None
    oom_kills: float | None
    began_s: float | None
    end_s: float | None
    coverage: float
    gpus: Sequence[str]


class RunView(NamedTuple):
    """A run; None is unknown. Times are in seconds since 1970, *wasted* figures in hours.

    *gpus* are the UUIDs of its GPUs, as far as they are known; *gpu_count* is what Slurm allotted.
    """

    cluster: str
    job_id: int
    submit_s: int
    restart: int
    sluid: str | None
    array_job_id: int | None
    array_task: int | None
    het_job_id: int | None
    het_offset: int | None
    user: str | None
    uid: int | None
    account: str | None
    partition: str | None
    qos: str | None
    name: str | None
    state: str | None
    exit_code: str | None
    reason: str | None
    nodes: Sequence[str]
    start_s: float | None
    end_s: float | None
    is_over: bool
    cpus: int | None
    gpu_count: int | None
    memory_asked_bytes: int | None
    time_limit_s: float | None
    cpu_s: float | None
    oom_kills: float | None
    stalled_cpu_s: float | None
    stalled_memory_s: float | None
    stalled_io_s: float | None
    memory_limit_bytes: float | None
    memory_own_max_bytes: float | None
    memory_peak_bytes: float | None
    gpus: Sequence[str] | None
    gpu_busy_s: float | None
    energy_joules: float | None
    coverage: float
    wasted_core_hours: float | None
    wasted_gpu_hours: float | None
    wasted_gb_hours: float | None
    notes: Sequence[str]

    @property
    def id(self) -> str:
        """The id of its job as Slurm writes it to people; its SLUID if only that is known."""
        if self.job_id == 0 and self.sluid is not None:
            return self.sluid
        return written(
            self.job_id, self.array_job_id, self.array_task, self.het_job_id, self.het_offset
        )


class RunDetails(NamedTuple):
    """The figures of a run by node, and its curves: ``cpu n1``, or ``cpu mean`` of many nodes."""

    nodes: Sequence[NodeView]
    curves: Mapping[str, CurvePoints]


def view(
    run: JobRun, now_s: float, zone: tzinfo | None = None, least_coverage: float = LEAST_COVERAGE
) -> RunView:
    """Return a run as it is at *now_s*; times in its notes are in *zone*, None is local time."""
    known = figures(run, now_s)
    wasted = waste(run, known, least_coverage)
    gpus = run.gpus
    if gpus is None:
        seen = [uuid for part in run.parts.values() for uuid in part.gpus]
        gpus = tuple(dict.fromkeys(seen)) if seen or run.gpu_count == 0 else None
    return RunView(
        **run.key._asdict(),
        **{name: getattr(run, name) for name in _ALIKE},
        **known._asdict(),
        nodes=run.nodes or tuple(run.parts),
        end_s=run.ended_s,
        gpus=gpus,
        wasted_core_hours=wasted.core_hours,
        wasted_gpu_hours=wasted.gpu_hours,
        wasted_gb_hours=wasted.gb_hours,
        notes=notes(run, now_s, zone),
    )


def details(run: JobRun, now_s: float) -> RunDetails:
    """Return the figures by node, and the curves: of up to 8 nodes each, else over all."""
    nodes = [_node_view(part, run, now_s) for part in run.parts.values()]
    return RunDetails(nodes, _curves(list(run.parts.values())))


def _node_view(part: NodePart, run: JobRun, now_s: float) -> NodeView:
    cpus, own, peak, limit = part.levels[:4]
    return NodeView(
        part.node,
        cpus,
        part.totals[0],
        own,
        peak,
        limit,
        part.totals[1],
        part.began_s,
        part.end_s,
        part_coverage(part, run, now_s),
        part.gpus,
    )


def _curves(parts: Sequence[NodePart]) -> dict[str, CurvePoints]:
    found = {}
    for name, curves in (
        (CPU, {part.node: part.cpu_curve.points() for part in parts}),
        (MEMORY, {part.node: part.memory_curve.points() for part in parts}),
    ):
        shown = curves if len(parts) <= MOST_NODES else over_nodes(list(curves.values()))
        found.update({f"{name} {key}": curve for key, curve in shown.items() if curve.values})
    return found
