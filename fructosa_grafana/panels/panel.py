"""What a dashboard is made of: declarations, that know nothing of JSON or of a data source."""

from dataclasses import dataclass
from typing import Literal

from ..queries.expressions import NODE, Expr

Colour = Literal["green", "yellow", "orange", "red", "blue"]
Backend = Literal["graphite", "prometheus"]
BACKENDS: tuple[Backend, ...] = ("graphite", "prometheus")
Step = tuple[float | None, Colour]
"""From which value on a colour holds; None is from the beginning."""


@dataclass(frozen=True)
class Query:
    """Series to show; *legend* calls them, by their keys: ``{interface} in``.

    As a column of a table it may have its own *unit* and *steps*. Graphite is asked for
    *in_graphite*, where that spares it a series for each node.
    """

    expr: Expr
    legend: str
    unit: str = ""
    steps: "tuple[Step, ...]" = ()
    in_graphite: Expr | None = None

    def of(self, backend: "Backend") -> Expr:
        """Return what a data source is asked for."""
        return self.in_graphite if backend == "graphite" and self.in_graphite else self.expr


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What all panels have. *unit* is one of Grafana's: ``bytes``, ``percentunit``.

    Of a dashboard of 24 columns it takes *width*. *link* says that its series are of nodes.
    """

    title: str
    about: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 12
    height: int = 8
    low: float | None = None
    high: float | None = None
    steps: tuple[Step, ...] = ()
    decimals: int | None = None
    link: bool = False
    only: Backend | None = None  # the one whose language can say it


@dataclass(frozen=True, kw_only=True)
class Graph(Panel):
    """Lines over time."""

    stacked: bool = False


@dataclass(frozen=True, kw_only=True)
class Stat(Panel):
    """One number, as large as it fits."""

    width: int = 4
    height: int = 4
    words: tuple[tuple[float, str, Colour], ...] = ()  # what a value is called
    with_history: bool = True


@dataclass(frozen=True, kw_only=True)
class Bars(Panel):
    """A bar for each series, with its last value."""


@dataclass(frozen=True, kw_only=True)
class Table(Panel):
    """A row for what is equal in *by*; or for each series, with the labels that are *shown*."""

    by: tuple[str, ...] = (NODE,)
    shown: tuple[str, ...] = ()  # labels that are facts, each a column


@dataclass(frozen=True, kw_only=True)
class HeatMap(Panel):
    """How many series have which value, over time."""
