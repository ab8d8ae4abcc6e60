"""The queries of a panel as its JSON has them."""

import string
from collections.abc import Iterator
from typing import Any

from ..panels.panel import Backend, Bars, Panel, Query, Table
from ..queries import graphite, prometheus

Json = dict[str, Any]


def referenced(panel: Panel) -> Iterator[tuple[str, Query]]:
    """Yield each query of a panel, with its letter."""
    yield from zip(string.ascii_uppercase, panel.queries, strict=False)


def of_backend(panel: Panel, backend: Backend) -> list[tuple[str, Query]]:
    """Return the queries of a panel that a data source is asked.

    Of a table Graphite is asked the first alone: a path has no labels that would bring the answers
    to several queries into one row.
    """
    found = list(referenced(panel))
    return found[:1] if isinstance(panel, Table) and backend == "graphite" else found


def of(panel: Panel, backend: Backend) -> list[Json]:
    """Return the queries of a *panel* for a data source."""
    made = _of_graphite if backend == "graphite" else _of_prometheus
    return [{"refId": ref, **made(panel, query)} for ref, query in of_backend(panel, backend)]


def _of_graphite(panel: Panel, query: Query) -> Json:
    legend = query.legend
    if isinstance(panel, Table):
        shown = panel.shown or panel.by
        legend = " ".join(f"{{{key}}}" for key in shown)
    return {"target": graphite.aliased(query.of("graphite"), legend), "textEditor": True}


def _of_prometheus(panel: Panel, query: Query) -> Json:
    is_table = isinstance(panel, Table)
    return {
        "expr": prometheus.text(query.of("prometheus")),
        "legendFormat": "" if is_table else prometheus.legend(query.legend),
        # What shows one number asks for one; but a stat draws its history behind it.
        "instant": is_table or isinstance(panel, Bars),
        "range": not (is_table or isinstance(panel, Bars)),
        "format": "table" if is_table else "time_series",
        "interval": "$interval",
    }
