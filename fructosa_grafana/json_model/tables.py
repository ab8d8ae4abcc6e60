"""How answers become the rows of a table: for Graphite by reduction, for Prometheus by merging."""

from typing import Any

from ..panels.panel import Backend, Table
from ..queries.expressions import NODE
from .panel_queries import referenced

Json = dict[str, Any]

_MEAN = "Mean"
# What labels are called that tell rows apart.
_HEADS = {NODE: "Node", "gpu": "GPU"}


def order(panel: Table, backend: Backend) -> list[Json]:
    """Return which column the rows are ordered by: the highest first, but facts as they come."""
    if panel.shown:
        return []
    name = _MEAN if backend == "graphite" else panel.queries[0].legend
    return [{"displayName": name, "desc": True}]


def transformations(panel: Table, backend: Backend) -> list[Json]:
    """Return what makes a table of the answers."""
    if backend == "graphite":
        return _reduced(panel)
    return _facts(panel) if panel.shown else _merged(panel)


def _reduced(panel: Table) -> list[Json]:
    """Return a row for each series: its last value, mean and maximum; of facts the name alone."""
    name = "Facts" if panel.shown else " ".join(_HEADS[key] for key in panel.by)
    reducers = ["last"] if panel.shown else ["last", "mean", "max"]
    hidden = {"Last": True} if panel.shown else {}
    return [{"id": "reduce", "options": {"reducers": reducers}}, _columns({"Field": name}, hidden)]


def _merged(panel: Table) -> list[Json]:
    """Return a row for each node, or what else tells rows apart, with a column for each query."""
    named = {f"Value #{ref}": query.legend for ref, query in referenced(panel)}
    # With one query there is no letter, and nothing to merge.
    named |= {"Value": panel.queries[0].legend} | {key: _HEADS[key] for key in panel.by}
    order = panel.by if len(panel.by) > 1 else ()
    return [{"id": "merge", "options": {}}, _columns(named, {"Time": True}, order)]


def _facts(panel: Table) -> list[Json]:
    """Return a row for each series, with a column for each of the labels that are facts."""
    hidden = ("Time", "Value", "__name__", "cluster", "job", "group", "instance")
    return [_columns({}, dict.fromkeys(hidden, True), panel.shown)]


def _columns(named: Json, hidden: Json, order: tuple[str, ...] = ()) -> Json:
    return {
        "id": "organize",
        "options": {
            "renameByName": named,
            "excludeByName": hidden,
            "indexByName": {name: at for at, name in enumerate(order)},
        },
    }
