"""The series of GPUs' metrics: of all nodes, or of the node that is looked at."""

from ..queries.expressions import ANY, Series, Value, node, nodes


def all_gpus(metric: str, **labels: Value) -> Series:
    """Return the series of a metric of the GPUs of all nodes."""
    return nodes(f"fructosa_gpu_{metric}", gpu=ANY, uuid=ANY, **labels)


def node_gpus(metric: str, **labels: Value) -> Series:
    """Return the series of a metric of a node's GPUs."""
    return node(f"fructosa_gpu_{metric}", gpu=ANY, uuid=ANY, **labels)
