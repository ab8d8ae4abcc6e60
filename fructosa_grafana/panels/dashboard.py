"""Rows and dashboards."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ..queries.expressions import Series
from .panel import BACKENDS, Backend, Panel

# A collapsed row sends no queries until it is opened. Only what people look at first is open.
COLLAPSED = BACKENDS
# Graphite opens a file for each series, so rows with queries for each node are collapsed.
COLLAPSED_IN_GRAPHITE: tuple[Backend, ...] = ("graphite",)


@dataclass(frozen=True)
class Row:
    """Panels that can be collapsed together."""

    title: str
    panels: tuple[Panel, ...]
    collapsed_in: tuple[Backend, ...] = ()


@dataclass(frozen=True)
class Dashboard:
    """A dashboard for the selected *nodes*, for one *node*, or for *slurm*.

    A dashboard for all nodes may also have panels for one node, with a variable to select it.
    """

    name: str
    title: str
    description: str
    scope: Literal["nodes", "node", "slurm"]
    rows: tuple[Row, ...]
    node_metric: str = ""  # In Prometheus, the variables offer the nodes that have this metric.

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The panels of all rows."""
        return tuple(panel for row in self.rows for panel in row.panels)

    def leaves(self, backend: Backend) -> Iterator[Series]:
        """Yield the series that the panels query from a data source."""
        for panel in self.panels:
            for query in panel.queries:
                yield from query.expr_for(backend).leaves()
