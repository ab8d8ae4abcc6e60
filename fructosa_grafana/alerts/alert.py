"""What an alert consists of: for Prometheus, and for Grafana alerting on Graphite."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
Reducer = Literal["last", "avg", "min", "max", "sum"]
Evaluator = Literal["gt", "lt"]

PREFIX = "$prefix"
"""Placeholder in Graphite targets for the prefix of all paths."""

_OPERATORS = {"gt": ">", "lt": "<"}
_FUNCTIONS = {"last": "last", "avg": "average", "min": "min", "max": "max", "sum": "sum"}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A Grafana alert condition: each series, reduced over the *window* to one value, is compared.

    Series have readable names: the node, then the labels that distinguish the node's series.
    """

    query: str
    reducer: Reducer = "last"
    evaluator: Evaluator = "gt"
    threshold: float = 0
    window: str = "10m"
    when_no_data: Literal["Alerting", "Normal"] = "Normal"

    def unfiltered_target(self, prefix: str) -> str:
        """Return the target for all series, including those that do not alert."""
        return self.query.replace(PREFIX, prefix)

    def target(self, prefix: str) -> str:
        """Return the target for Grafana; Graphite drops the series that do not alert.

        Grafana keeps a state for every series, and 10,000 nodes have many. If missing data raise
        the alert, healthy series must remain.
        """
        target = self.unfiltered_target(prefix)
        if self.when_no_data == "Alerting":
            return target
        function, operator = _FUNCTIONS[self.reducer], _OPERATORS[self.evaluator]
        return f"filterSeries({target}, '{function}', '{operator}', {self.threshold:.12g})"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert: when it fires, what it means and what to do.

    *summary* and *description* are Prometheus templates. *why* explains the threshold.
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
