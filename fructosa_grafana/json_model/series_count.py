"""How many series a panel asks for: a question that a database of 10,000 nodes makes serious."""

from collections import Counter

from ..panels.panel import Backend, Panel
from ..queries.expressions import NODE
from .panel_queries import of_backend

_NAMES = {"graphite": "Graphite", "prometheus": "Prometheus"}


def told(panel: Panel, backend: Backend) -> str:
    """Return it as a sentence: Asks Graphite for 2 series for each node and interface."""
    counted = Counter(
        leaf.keys for _, query in of_backend(panel, backend) for leaf in query.of(backend).leaves()
    )
    parts = [f"{count} series{_each(keys)}" for keys, count in counted.items()]
    return f"Asks {_NAMES[backend]} for {' and '.join(parts)}."


def _each(keys: tuple[str, ...]) -> str:
    # A node is mostly in one section, so it is said of a group that it is the node's.
    named = [key for key in keys if key != "group"]
    if not named:
        return ""
    if named == [NODE]:
        return " a node"
    first, last = named[:-1], named[-1]
    return f" for each {', '.join(first)} and {last}" if first else f" for each {last}"
