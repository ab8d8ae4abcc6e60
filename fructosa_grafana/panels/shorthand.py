"""Short forms to declare common panels: line graphs and tables of facts."""

from ..queries.expressions import ANY, Expr, node
from .panel import Backend, Graph, Query, Table

Line = tuple[Expr, str]
"""An expression and its legend."""


def line_graph(
    title: str,
    description: str,
    unit: str,
    *lines: Line,
    stacked: bool = False,
    minimum: float | None = 0,
) -> Graph:
    """Return a graph whose axis begins at *minimum*."""
    return Graph(
        title=title,
        description=description,
        unit=unit,
        queries=tuple(Query(expr, legend) for expr, legend in lines),
        minimum=minimum,
        stacked=stacked,
    )


def facts_table(
    title: str, description: str, metric: str, *labels: str, only_for: Backend | None = None
) -> Table:
    """Return a table of the *labels* of an info metric; name all of its labels.

    If a label may be empty, make the table only for Prometheus: a Graphite path has a ``#`` there.
    """
    query = Query(node(metric, **dict.fromkeys(labels, ANY)), title)
    return Table(
        title=title,
        description=description,
        queries=(query,),
        fact_labels=labels,
        height=6,
        only_for=only_for,
    )
