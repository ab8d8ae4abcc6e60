"""The declaration of a metric of lmaster: pages, paths and documentation follow from it."""

from typing import NamedTuple


class OwnMetric(NamedTuple):
    """A metric of lmaster, of a type of Prometheus: gauge, counter, or summary (quantiles).

    Its paths have the values of its labels in this order.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: str = "gauge"


Values = dict[tuple[str, ...], float]
"""The values of a metric, by the values of its labels."""
