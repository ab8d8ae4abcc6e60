"""An open run as bytes, so that lmaster goes on with it after a restart."""

from array import array
from base64 import b64decode, b64encode
from operator import attrgetter
from typing import Any

from orjson import dumps, loads

from ..job_gpus.meters import PartMeter
from ..jobs.curves import JobCurve
from ..jobs.names import RunKey
from ..jobs.node_parts import JobAgent, NodePart
from ..jobs.runs import JobRun
from ..model.errors import ArchiveError
from .views import RunView

DAMAGED = "an open run in the archive of jobs is damaged"
_VERSION = 1
_DAMAGE = ArithmeticError, AttributeError, LookupError, TypeError, ValueError
_RUN = (
    *("sluid", "array_job_id", "array_task", "het_job_id", "het_offset", "user", "uid"),
    *("account", "partition", "qos", "name", "state", "reason", "exit_code", "nodes", "start_s"),
    *("end_s", "cpus", "memory_asked_bytes", "gpu_count", "time_limit_s", "gpus", "gpu_busy_s"),
    *("energy_joules", "was_suspended", "is_over", "over_since_s", "marks"),
)
_PART = (
    *("began_s", "look_s", "end_s", "is_final", "is_shared", "sequence", "since_s", "missed_s"),
    *("totals", "offsets", "paused", "levels", "uid", "gpus"),
)
_AGENT = ("node", "instance", "boot_id", "since_s", "page_s", "after")
_CURVE = ("is_total", "step_s", "first", "start_s", "end_s")
_run_values, _part_values = attrgetter(*_RUN), attrgetter(*_PART)
_agent_values, _curve_values = attrgetter(*_AGENT), attrgetter(*_CURVE)
_TUPLES = frozenset({"nodes", "marks", "totals", "offsets", "paused", "levels", "gpus"})


def encode_run(run: JobRun) -> bytes:
    """Return all that is known of a run, with its curves."""
    parts = [
        [
            part.node,
            part.restart,
            _agent_values(part.agent),
            _part_values(part),
            _encode_curve(part.cpu_curve),
            _encode_curve(part.memory_curve),
            None if part.meter is None else part.meter.values(),
        ]
        for part in run.parts.values()
    ]
    # Names may hold what is not valid Unicode.
    values = [_safe(value) for value in _run_values(run)]
    return dumps([_VERSION, list(run.key), values, parts])


def _safe(value: Any) -> Any:
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _encode_curve(curve: JobCurve) -> list[Any]:
    return [*_curve_values(curve), b64encode(curve.values.tobytes()).decode()]


def decode_run(data: bytes) -> JobRun:
    """Return the run in *data*.

    Raises: ArchiveError if it is damaged.
    """
    try:
        version, key, values, parts = loads(data)
        if version != _VERSION:
            raise ArchiveError(f"{DAMAGED}: version {version}")
        run = JobRun(RunKey(*key))
        _set(run, _RUN, values)
        for node, restart, agent, of_part, cpu, memory, *more in parts:
            part = NodePart(node, JobAgent(*agent), restart, 0.0)
            _set(part, _PART, of_part)
            part.cpu_curve, part.memory_curve = _decode_curve(cpu), _decode_curve(memory)
            if more and more[0] is not None:
                part.meter = PartMeter.of_values(more[0])
            part.run = run
            run.parts[node] = part
    except _DAMAGE as error:
        raise ArchiveError(f"{DAMAGED}: {error}") from None
    return run


def run_of_view(view: RunView) -> JobRun:
    """Return a run of which only what is shown of it is known."""
    run = JobRun(RunKey(view.cluster, view.job_id, view.submit_s, view.restart))
    names = tuple(name for name in _RUN if name in RunView._fields)
    _set(run, names, [getattr(view, name) for name in names])
    run.marks = tuple(view.notes)
    return run


def _set(of: object, names: tuple[str, ...], values: list[Any]) -> None:
    for name, value in zip(names, values, strict=True):
        is_tuple = name in _TUPLES and value is not None
        setattr(of, name, tuple(value) if is_tuple else value)


def _decode_curve(values: list[Any]) -> JobCurve:
    is_total, step_s, first, start_s, end_s, points = values
    curve = JobCurve(is_total=is_total, step_s=step_s)
    curve.first, curve.start_s, curve.end_s = first, start_s, end_s
    curve.values = array("f", b64decode(points))
    return curve
