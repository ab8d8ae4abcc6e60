"""Kinds of panels, and their queries."""

from dataclasses import dataclass
from typing import Literal

from ..queries.expressions import NODE, Expr

Color = Literal["green", "yellow", "orange", "red", "blue"]
Backend = Literal["graphite", "prometheus"]
BACKENDS: tuple[Backend, ...] = ("graphite", "prometheus")
Threshold = tuple[float | None, Color]
"""The lowest value that has a color; None for the first threshold, which has no lower bound."""


@dataclass(frozen=True)
class Query:
    """A query of a panel; *legend* is a template with the keys of its series: ``{interface} in``.

    As a column of a table, a query may have its own *unit* and *thresholds*. Graphite runs
    *in_graphite* instead of *expr*, if it is set: for a total, one series instead of one per node.
    """

    expr: Expr
    legend: str
    unit: str = ""
    thresholds: "tuple[Threshold, ...]" = ()
    in_graphite: Expr | None = None

    def expr_for(self, backend: "Backend") -> Expr:
        """Return the expression for a data source."""
        return self.in_graphite if backend == "graphite" and self.in_graphite else self.expr


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What all kinds of panels have in common.

    *unit* is a Grafana unit such as ``bytes`` or ``percentunit``. *width* is in columns, of which a
    dashboard has 24. With *links_to_node*, a click on a series opens the dashboard of its node.
    """

    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 12
    height: int = 8
    minimum: float | None = None
    maximum: float | None = None
    thresholds: tuple[Threshold, ...] = ()
    decimals: int | None = None
    links_to_node: bool = False
    only_for: Backend | None = None  # if the other data source cannot answer the query
    # Such as 5m: instead of the time range of the dashboard. What ended before is missing, not 0.
    only_last: str = ""


@dataclass(frozen=True, kw_only=True)
class Graph(Panel):
    """Lines over time."""

    stacked: bool = False


@dataclass(frozen=True, kw_only=True)
class Stat(Panel):
    """One large number."""

    width: int = 4
    height: int = 4
    mappings: tuple[tuple[float, str], ...] = ()  # texts to show for values
    has_sparkline: bool = True


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """One horizontal bar per series, for its last value."""


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """One row per combination of *row_labels*, or one row per series with its *fact_labels*."""

    row_labels: tuple[str, ...] = (NODE,)
    fact_labels: tuple[str, ...] = ()  # each becomes a column


@dataclass(frozen=True, kw_only=True)
class HeatMap(Panel):
    """The distribution of values over time."""
