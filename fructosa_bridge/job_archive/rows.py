"""Runs as rows of the archive, and back. Rows are plain values: a thread may write them."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from ..jobs.coverage import LEAST_COVERAGE
from ..jobs.curves import encode
from ..jobs.ledger import LedgerBatch
from ..jobs.names import RunKey
from ..jobs.runs import JobRun
from .blobs import encode_run
from .views import NodeView, RunView, details, view

_WHOLE = frozenset(
    {
        *("start_s", "end_s", "time_limit_s", "oom_kills", "memory_limit_bytes"),
        *("memory_own_max_bytes", "memory_peak_bytes", "is_over"),
    }
)
_ROUNDED = {
    "cpu_s": 3,
    "stalled_cpu_s": 3,
    "stalled_memory_s": 3,
    "stalled_io_s": 3,
    "coverage": 4,
    "wasted_core_hours": 5,
    "wasted_gpu_hours": 5,
    "wasted_gb_hours": 5,
}
_LARGEST = 2**63 - 1
_SEPARATORS = {"nodes": ",", "gpus": ",", "notes": "\n"}


class RunRow(NamedTuple):
    """A run as it is written; *state* is all that is known of it, until the ledger drops it.

    *nodes* are figures by node. *listed* are all of its nodes where these are not written yet.
    """

    key: RunKey
    columns: Sequence[Any]
    has_figures: bool
    nodes: Sequence[tuple[Any, ...]]
    curves: bytes | None
    state: bytes
    listed: Sequence[str] = ()


class ArchiveRows(NamedTuple):
    """What is written in one transaction.

    Runs, keys of runs that are no longer open, agents, keys of runs that are deleted, and of a
    cluster until when its jobs are known.
    """

    runs: Sequence[RunRow]
    closed: Sequence[RunKey]
    agents: Sequence[tuple[Any, ...]]
    removed: Sequence[RunKey] = ()
    known: tuple[str, float] | None = None


def rows_of(
    batch: LedgerBatch,
    now_s: float,
    zone: tzinfo | None = None,
    least_coverage: float = LEAST_COVERAGE,
) -> ArchiveRows:
    """Return a batch of the ledger as rows."""
    agents = [
        (agent.node, agent.instance, agent.boot_id, agent.since_s, agent.page_s, after)
        for agent, after in batch.agents
    ]
    runs = [_row_of(run, now_s, zone, least_coverage) for run in batch.runs]
    return ArchiveRows(runs, list(batch.closed), agents, list(batch.removed))


def _row_of(run: JobRun, now_s: float, zone: tzinfo | None, least_coverage: float) -> RunRow:
    shown = view(run, now_s, zone, least_coverage)
    sort_s = int(shown.start_s or max(shown.submit_s, 0))
    columns = [_stored(name, value) for name, value in zip(RunView._fields, shown, strict=True)]
    nodes: list[tuple[Any, ...]] = []
    curves = None
    if run.is_over and run.parts:  # those of an open run are in its state
        more = details(run, now_s)
        nodes = [_node_row(one) for one in more.nodes]
        curves = encode(dict(more.curves)) if more.curves else None
    names = run.nodes or tuple(run.parts)
    listed = () if names == run.nodes_written else names
    state = encode_run(run)
    return RunRow(run.key, (*columns, sort_s), bool(run.parts), nodes, curves, state, listed)


def _stored(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _SEPARATORS:
        return _text(_SEPARATORS[name].join(value))
    if isinstance(value, str):
        return _text(value)
    if name in _WHOLE or isinstance(value, int):
        return _whole(value)
    return round(value, _ROUNDED[name]) if name in _ROUNDED else value


def _whole(value: float) -> int:
    """Return a whole number that SQLite can store."""
    return min(round(value), _LARGEST)


def _text(value: str) -> str:
    """Return text that SQLite can store: names may hold what is not valid Unicode."""
    return value.encode(errors="replace").decode().replace("\0", "?")


def _node_row(one: NodeView) -> tuple[Any, ...]:
    own, peak, limit, kills = (
        None if value is None else _whole(value)
        for value in (one.own_max_bytes, one.peak_bytes, one.limit_bytes, one.oom_kills)
    )
    cpu_s = None if one.cpu_s is None else round(one.cpu_s, 3)
    times = (None if value is None else round(value, 1) for value in (one.began_s, one.end_s))
    gpus = ",".join(one.gpus) or None
    return (
        one.node,
        one.cpus,
        cpu_s,
        own,
        peak,
        limit,
        kills,
        *times,
        round(one.coverage, 4),
        gpus,
    )


def run_view(row: Sequence[Any]) -> RunView:
    """Return a run from the columns of its row."""
    values = dict(zip(RunView._fields, row, strict=True))
    for name, separator in _SEPARATORS.items():
        text = values[name]
        values[name] = None if text is None else tuple(text.split(separator) if text else ())
    values["is_over"] = bool(values["is_over"])
    return RunView(**values)


def node_view(row: Sequence[Any]) -> NodeView:
    """Return the figures of a node from its row."""
    gpus = row[-1]
    return NodeView._make((*row[:-1], tuple(gpus.split(",")) if gpus else ()))
