"""Series of GPU metrics."""

from ..queries.expressions import ANY, Series, Value, node, nodes


def all_gpus(metric: str, **labels: Value) -> Series:
    """Return the series of a GPU metric of all selected nodes."""
    return nodes(f"fructosa_gpu_{metric}", gpu=ANY, uuid=ANY, **labels)


def node_gpus(metric: str, **labels: Value) -> Series:
    """Return the series of a GPU metric of the selected node."""
    return node(f"fructosa_gpu_{metric}", gpu=ANY, uuid=ANY, **labels)
