"""What an alert is: one declaration, for Prometheus and for those whose data are in Graphite."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
Reducer = Literal["last", "avg", "min", "max", "sum"]
Evaluator = Literal["gt", "lt"]

PREFIX = "$prefix"
"""Stands in queries for what Graphite's paths begin with."""

_OPERATORS = {"gt": ">", "lt": "<"}
_FUNCTIONS = {"last": "last", "avg": "average", "min": "min", "max": "max", "sum": "sum"}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A Grafana alert on Graphite: each series over the *window*, reduced to one value, compared.

    Series carry names for people: the node, then what tells its series apart.
    """

    query: str
    reducer: Reducer = "last"
    evaluator: Evaluator = "gt"
    threshold: float = 0
    window: str = "10m"
    when_no_data: Literal["Alerting", "Normal"] = "Normal"

    def everything(self, prefix: str) -> str:
        """Return the query for all series, those that are well included."""
        return self.query.replace(PREFIX, prefix)

    def target(self, prefix: str) -> str:
        """Return the query for Grafana: Graphite already leaves out what does not alert.

        Grafana keeps a state for every series that it is given, and 10,000 nodes have many. But
        where missing data are an alert, what is well must be there.
        """
        if self.when_no_data == "Alerting":
            return self.everything(prefix)
        how, than = _FUNCTIONS[self.reducer], _OPERATORS[self.evaluator]
        return f"filterSeries({self.everything(prefix)}, '{how}', '{than}', {self.threshold:.12g})"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What is wrong, since when it must be, how it is asked for, what it means, what to do.

    *summary* and *description* are Prometheus templates, *why* explains the threshold.
    """

    name: str
    severity: Severity
    hold: str
    expr: str
    summary: str
    description: str
    action: str
    why: str
    graphite: Condition


def path(metric: str, labels: int = 0) -> str:
    """Return the paths of a metric of all nodes, which has so many *labels*."""
    return f"{PREFIX}.*.{metric}" + ".*" * labels


def places(labels: int) -> str:
    """Return where the node and the values of its *labels* are in a path, counted from its end.

    A prefix may have dots, so they can't be counted from the beginning.
    """
    return ", ".join(map(str, [-labels - 2, *range(-labels, 0)]))


def named(query: str, labels: int = 0) -> str:
    """Return a *query* whose series are called by the node and by their labels."""
    return f"aliasByNode({query}, {places(labels)})"


def each(metric: str, labels: int = 0) -> str:
    """Return a query for each series of a metric, as it is."""
    return named(path(metric, labels), labels)


def each_rate(metric: str, labels: int = 0) -> str:
    """Return a query for the growth of each counter a second; a reset gives no value."""
    return named(f"perSecond({path(metric, labels)})", labels)


def each_increase(metric: str, labels: int = 0) -> str:
    """Return a query for the steps of each counter: their sum is what the window added."""
    return named(f"nonNegativeDerivative(keepLastValue({path(metric, labels)}))", labels)


def each_change(metric: str, labels: int = 0) -> str:
    """Return a query for the steps of each gauge: their sum is its last value less its first."""
    return named(f"derivative(keepLastValue({path(metric, labels)}))", labels)
