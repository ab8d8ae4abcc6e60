"""How query results become the rows of a table: reduced in Graphite, merged in Prometheus."""

from ..panels.panel import Backend, Table
from ..queries.expressions import NODE
from . import Json
from .panel_queries import by_ref_id

_MEAN = "Mean"
_HEADINGS = {NODE: "Node", "gpu": "GPU"}


def sort_order(table: Table, backend: Backend) -> list[Json]:
    """Return the column to sort by, highest first; tables of facts are not sorted."""
    if table.fact_labels:
        return []
    column = _MEAN if backend == "graphite" else table.queries[0].legend
    return [{"displayName": column, "desc": True}]


def transformations(table: Table, backend: Backend) -> list[Json]:
    """Return the transformations that turn query results into a table."""
    if backend == "graphite":
        return _reduced(table)
    return _facts(table) if table.fact_labels else _merged(table)


def _reduced(table: Table) -> list[Json]:
    """Return a row per series: its last value, mean and maximum, or only its name for facts."""
    if table.fact_labels:
        heading, reducers, hidden = "Facts", ["last"], {"Last": True}
    else:
        heading = " ".join(_HEADINGS[label] for label in table.row_labels)
        reducers, hidden = ["last", "mean", "max"], {}
    reduce = {"id": "reduce", "options": {"reducers": reducers}}
    return [reduce, _organize({"Field": heading}, hidden)]


def _merged(table: Table) -> list[Json]:
    """Return a row per node, or per combination of row labels, with a column for each query."""
    renamed = {f"Value #{ref_id}": query.legend for ref_id, query in by_ref_id(table)}
    # The column of a single query has no letter.
    renamed |= {"Value": table.queries[0].legend}
    renamed |= {label: _HEADINGS[label] for label in table.row_labels}
    order = table.row_labels if len(table.row_labels) > 1 else ()
    return [{"id": "merge", "options": {}}, _organize(renamed, {"Time": True}, order)]


def _facts(table: Table) -> list[Json]:
    """Return a row per series, with a column for each fact label."""
    hidden = ("Time", "Value", "__name__", "cluster", "job", "group", "instance")
    return [_organize({}, dict.fromkeys(hidden, True), table.fact_labels)]


def _organize(renamed: Json, hidden: Json, order: tuple[str, ...] = ()) -> Json:
    return {
        "id": "organize",
        "options": {
            "renameByName": renamed,
            "excludeByName": hidden,
            "indexByName": {name: index for index, name in enumerate(order)},
        },
    }
