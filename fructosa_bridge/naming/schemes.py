"""The naming schemes: ``plain`` paths, ``tagged`` series, or the names of FrUCToSA 0.3.

When a series is first seen, the scheme makes the part of its path that is the same on all nodes.
The part before and after it belongs to the node. Different series of a node have different paths,
and none has the path of a scrape series.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from ..model.target import Target
from . import graphite_paths, legacy_names
from .legacy_names import LegacyTotal
from .tags import exported, tags, value

Labels = tuple[tuple[str, str], ...]
Takes = Callable[[str], bool]
"""Whether a metric is stored."""

# What lmaster records of each scrape, in the order of their values. A metric of a page with such a
# name is renamed: exported_up.
SCRAPE_SERIES = ("up", "scrape_duration_seconds", "scrape_samples_scraped")
# What lmaster records of each node at each scrape: the same whichever section scrapes it.
NODE_EXPECTED = "fructosa_node_expected"
_OWN_SERIES = (*SCRAPE_SERIES, NODE_EXPECTED)
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

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return another path for a series whose path belongs to another series of its node."""

    def totals(self, paths: Sequence[str], takes: Takes = take_all) -> tuple[LegacyTotal, ...]:
        """Return the series that are computed from those with these *paths*."""

    def around(self, target: Target) -> tuple[str, str]:
        """Return the text before and after the path of each series of a *target*."""

    def scrape_path(self, target: Target, name: str) -> str:
        """Return the path of the scrape series *name*, without the text that around() returns."""


class Plain:
    """``prefix.node.metric.label value.label value``."""

    name = "plain"

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric and its label values, in the order of the page."""
        return SeriesPath(graphite_paths.path(exported(metric, _OWN_SERIES), labels))

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric with the names and values of its labels."""
        return SeriesPath(graphite_paths.explicit_path(exported(metric, _OWN_SERIES), labels))

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
        return SeriesPath(value(exported(metric, _OWN_SERIES)) + tags(labels, TARGET_TAGS))

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the same: tags have names, so no other series has this path."""
        return self.path(metric, labels)

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

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the old name with the factor to the old unit, or the plain path."""
        if found := legacy_names.renamed(metric, labels):
            return SeriesPath(*found)
        if (ordered := legacy_names.summed_labels(metric, labels)) is None:
            return self.explicit_path(metric, labels)
        return super().path(exported(metric, legacy_names.SENSORS), ordered)

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the plain path."""
        return super().explicit_path(exported(metric, legacy_names.SENSORS), labels)

    def totals(self, paths: Sequence[str], takes: Takes = take_all) -> tuple[LegacyTotal, ...]:
        """Return what 0.3 had of all processors, disks or interfaces together, and its zeros."""
        return legacy_names.totals(paths, takes)


SCHEMES: dict[str, NamingScheme] = {
    scheme.name: scheme for scheme in (Plain(), Tagged(), Fructosa())
}
