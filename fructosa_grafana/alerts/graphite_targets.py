"""Graphite targets for alerts, whose series are named by node and labels."""

from .alert import PREFIX


def path(metric: str, labels: int = 0) -> str:
    """Return the paths of a metric on all nodes; *labels* is the number of its labels."""
    return f"{PREFIX}.*.{metric}" + ".*" * labels


def positions(labels: int) -> str:
    """Return the positions of the node and of the values of so many *labels* in a path.

    They are counted from the end, since a prefix may contain dots.
    """
    return ", ".join(map(str, [-labels - 2, *range(-labels, 0)]))


def named(target: str, labels: int = 0) -> str:
    """Return a *target* whose series are named by the node and the values of their labels."""
    return f"aliasByNode({target}, {positions(labels)})"


def each(metric: str, labels: int = 0) -> str:
    """Return a target for the values of each series of a metric."""
    return named(path(metric, labels), labels)


def each_rate(metric: str, labels: int = 0) -> str:
    """Return a target for the increase per second of each counter; a reset gives no value."""
    return named(f"perSecond({path(metric, labels)})", labels)


def each_increase(metric: str, labels: int = 0) -> str:
    """Return a target for the steps of each counter; their sum is the increase over the window."""
    return named(f"nonNegativeDerivative(keepLastValue({path(metric, labels)}))", labels)


def each_change(metric: str, labels: int = 0) -> str:
    """Return a target for the steps of each gauge; their sum is the last value minus the first."""
    return named(f"derivative(keepLastValue({path(metric, labels)}))", labels)
