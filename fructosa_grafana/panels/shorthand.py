"""Panels as rows of a node mostly have them: several lines, or a table of facts."""

from ..queries.expressions import ANY, Expr, node
from .panel import Backend, Graph, Query, Table

Line = tuple[Expr, str]
"""What is drawn, and what it is called."""


def lines(
    title: str, about: str, unit: str, *drawn: Line, stacked: bool = False, low: float | None = 0
) -> Graph:
    """Return a graph; *low* is where its axis begins."""
    queries = tuple(Query(expr, legend) for expr, legend in drawn)
    return Graph(title=title, about=about, unit=unit, queries=queries, low=low, stacked=stacked)


def facts(title: str, about: str, metric: str, *labels: str, only: Backend | None = None) -> Table:
    """Return a table of facts, which are in all of the *labels* that a metric has.

    Where some of them may be empty, paths in Graphite have fewer parts and can't be told apart.
    """
    asked = Query(node(metric, **dict.fromkeys(labels, ANY)), title)
    return Table(title=title, about=about, queries=(asked,), shown=labels, height=6, only=only)
