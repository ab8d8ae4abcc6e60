"""Rows and dashboards: declarations, which know nothing of JSON or of a data source."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ..queries.expressions import Series
from .panel import Backend, Panel

# Of 70 panels a page shows what people look at first; the rest asks when it is opened.
FOLDED: tuple[Backend, ...] = ("graphite", "prometheus")
# Graphite opens a file for each series: what asks for each node's is asked for when it is opened.
HEAVY: tuple[Backend, ...] = ("graphite",)


@dataclass(frozen=True)
class Row:
    """Panels that fold together."""

    title: str
    panels: tuple[Panel, ...]
    folded_in: tuple[Backend, ...] = ()  # what is folded asks for nothing until it is opened


@dataclass(frozen=True)
class Dashboard:
    """A dashboard; *looks_at* says whether its nodes are all that are chosen, or one.

    One that looks at all may have panels of one node beside, which is chosen then as well.
    """

    name: str
    title: str
    about: str
    looks_at: Literal["nodes", "node"]
    rows: tuple[Row, ...]
    example: str = field(default="")  # metric whose nodes the variable lists, in Prometheus

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them."""
        return tuple(panel for row in self.rows for panel in row.panels)

    def leaves(self, backend: Backend) -> Iterator[Series]:
        """Yield the series that panels ask a data source for."""
        for panel in self.panels:
            for query in panel.queries:
                yield from query.of(backend).leaves()
