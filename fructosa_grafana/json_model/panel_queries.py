"""The queries of a panel: their JSON, and how many series they query."""

import string
from collections import Counter

from ..panels.panel import Backend, Bars, Panel, Query, Table
from ..queries import graphite, prometheus
from ..queries.expressions import NODE
from . import Json

# How labels are named in a description; a label "node" is a NUMA node.
_LABEL_NAMES = {NODE: "node", "node": "NUMA node"}


def panel_queries(panel: Panel, backend: Backend) -> list[Json]:
    """Return the JSON of a panel's queries for a data source."""
    query_json = _graphite_query if backend == "graphite" else _prometheus_query
    return [
        {"refId": ref_id, **query_json(panel, query)} for ref_id, query in _used(panel, backend)
    ]


def by_ref_id(panel: Panel) -> list[tuple[str, Query]]:
    """Return the queries of a panel with their letters."""
    return list(zip(string.ascii_uppercase, panel.queries, strict=False))


def series_count(panel: Panel, backend: Backend) -> str:
    """Return a sentence on how many series a panel queries.

    With 10,000 nodes, people need to know before they open a panel.
    """
    counts = Counter(
        leaf.keys for _, query in _used(panel, backend) for leaf in query.expr_for(backend).leaves()
    )
    parts = [f"{count} series{_per(keys)}" for keys, count in counts.items()]
    return f"Queries {', '.join(parts)} from {backend.capitalize()}."


def _used(panel: Panel, backend: Backend) -> list[tuple[str, Query]]:
    """Return the queries that are sent to a data source.

    A table on Graphite has only the first one: paths have no labels by which the results of
    several queries could be merged into rows.
    """
    queries = by_ref_id(panel)
    return queries[:1] if isinstance(panel, Table) and backend == "graphite" else queries


def _graphite_query(panel: Panel, query: Query) -> Json:
    legend = query.legend
    if isinstance(panel, Table):
        legend = " ".join(f"{{{label}}}" for label in panel.fact_labels or panel.row_labels)
    return {"target": graphite.aliased(query.expr_for("graphite"), legend), "textEditor": True}


def _prometheus_query(panel: Panel, query: Query) -> Json:
    is_table = isinstance(panel, Table)
    # A stat panel needs a range for its sparkline.
    is_instant = is_table or isinstance(panel, Bars)
    return {
        "expr": prometheus.text(query.expr_for("prometheus")),
        "legendFormat": "" if is_table else prometheus.legend(query.legend),
        "instant": is_instant,
        "range": not is_instant,
        "format": "table" if is_table else "time_series",
        "interval": "$interval",
    }


def _per(keys: tuple[str, ...]) -> str:
    # A node is usually in one group only, so the group does not multiply its series.
    names = [_LABEL_NAMES.get(key, key) for key in keys if key != "group"]
    if not names:
        return ""
    *first, last = names
    return f" per {', '.join(first)} and {last}" if first else f" per {last}"
