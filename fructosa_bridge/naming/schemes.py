"""The naming schemes: ``plain`` paths, ``tagged`` series, or the names of FrUCToSA 0.3.

A scheme makes the part of a path that is the same on all nodes; what comes before and after belongs
to the node. It depends on the series alone: not on the order of labels, and on no other series.
Different series of a node have different paths, and none has the path of a scrape series.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from ..model.target import Target
from . import graphite_paths, legacy_names, master_metrics, sensor_metrics
from .legacy_names import LegacyTotal
from .tags import escaped, exported, tags

Labels = tuple[tuple[str, str], ...]
Takes = Callable[[str], bool]
"""Whether a metric is stored."""

# What lmaster records of each scrape, in the order of their values. A metric of a page with such a
# name is renamed: exported_up.
SCRAPE_SERIES = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
# What lmaster records of each node at each scrape: the same whichever section scrapes it.
NODE_EXPECTED = "fructosa_node_expected"
_OWN_SERIES = (*SCRAPE_SERIES, NODE_EXPECTED)
# The labels of all metrics of lagent and lmaster.
DECLARED: Mapping[str, tuple[str, ...]] = {
    metric: labels
    for metrics in (
        *sensor_metrics.METRICS.values(),
        sensor_metrics.OF_EACH,
        master_metrics.METRICS,
    )
    for metric, labels in metrics.items()
}
# The tags that lmaster adds to each series. Graphite has the metric's name in the tag `name`.
TARGET_TAGS = frozenset({"group", "instance", "name", "prefix"})


class SeriesPath(NamedTuple):
    """The path of a series below its node, and the factor of its values."""

    path: str
    factor: float = 1.0


def take_all(metric: str) -> bool:
    """Return True: every metric is stored, as without ``metrics keep`` and ``metrics drop``."""
    return True


class NamingScheme(Protocol):
    """A naming scheme."""

    @property
    def name(self) -> str:
        """Its name in lmaster.conf."""

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the path of a series, which is the same on all nodes."""

    def totals(self, paths: Sequence[str], takes: Takes = take_all) -> tuple[LegacyTotal, ...]:
        """Return the series that are computed from those with these *paths*."""

    def around(self, target: Target) -> tuple[str, str]:
        """Return the text before and after the path of each series of a *target*."""

    def scrape_path(self, target: Target, name: str) -> str:
        """Return the path of the scrape series *name*, without the text that around() returns."""


class Plain:
    """``prefix.node.metric.label.value``; values alone where lagent or lmaster declares labels."""

    name = "plain"
    reserved: Collection[str] = _OWN_SERIES

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric with the names and values of its labels, or with the values alone."""
        name, declared = exported(metric, self.reserved), DECLARED.get(metric, ())
        return SeriesPath(graphite_paths.path(name, labels, declared))

    def totals(self, paths: Sequence[str], takes: Takes = take_all) -> tuple[LegacyTotal, ...]:
        """Return nothing: Graphite has functions for that."""
        return ()

    def around(self, target: Target) -> tuple[str, str]:
        """Return the node's path, which comes before."""
        return f"{target.graphite_path}.", ""

    def scrape_path(self, target: Target, name: str) -> str:
        """Return a path that ends in the target's group: a node may be in several groups.

        Only what is true of the node alone has no group.
        """
        if name == NODE_EXPECTED:
            return name
        return f"{name}.{graphite_paths.part(target.group)}"


class Tagged:
    """``metric;label=value;group=…;instance=…;prefix=…``."""

    name = "tagged"

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric with its labels as tags."""
        return SeriesPath(escaped(exported(metric, _OWN_SERIES)) + tags(labels, TARGET_TAGS))

    def totals(self, paths: Sequence[str], takes: Takes = take_all) -> tuple[LegacyTotal, ...]:
        """Return nothing, as in plain."""
        return ()

    def around(self, target: Target) -> tuple[str, str]:
        """Return the target's tags, which come after."""
        prefix = target.graphite_path.rpartition(".")[0]
        labels = (("group", target.group), ("instance", target.name), ("prefix", prefix))
        return "", tags(labels)

    def scrape_path(self, target: Target, name: str) -> str:
        """Return the name alone: the target's tags have the group."""
        return name


class Fructosa(Plain):
    """``node.Sensor.field`` as in FrUCToSA 0.3, and as in plain for series it did not have."""

    name = "fructosa"
    reserved = frozenset({*_OWN_SERIES, *legacy_names.SENSORS})

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the old name with the factor to the old unit, or the plain path."""
        if found := legacy_names.renamed(metric, labels):
            return SeriesPath(*found)
        return super().path(metric, labels)

    def totals(self, paths: Sequence[str], takes: Takes = take_all) -> tuple[LegacyTotal, ...]:
        """Return what 0.3 had of all processors, disks or interfaces together, and its zeros."""
        return legacy_names.totals(paths, takes)


SCHEMES: dict[str, NamingScheme] = {
    scheme.name: scheme for scheme in (Plain(), Tagged(), Fructosa())
}
