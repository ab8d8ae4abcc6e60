"""How series are called in Graphite: ``plain``, ``tagged``, or as FrUCToSA 0.3 called them.

A scheme makes the part of a path that is the same on all nodes when a series is first seen; what
is a node's own stands before and after it. Distinct series of a node have distinct paths, and none
has one of lmaster's own.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..model.target import Target
from . import graphite_paths, legacy_names
from .legacy_names import LegacyTotal
from .tags import exported, tags, value

Labels = tuple[tuple[str, str], ...]

# What lmaster says of each target. A metric of a page that is called so is exported_up.
OWN_SERIES = frozenset({"up", "scrape_duration_seconds", "scrape_samples_scraped"})
# The tags that lmaster gives each series. Graphite has the metric in the tag name.
OWN_TAGS = frozenset({"group", "instance", "name", "prefix"})


class SeriesPath(NamedTuple):
    """The path of a series below its node, and what its values are multiplied by."""

    path: str
    factor: float = 1.0


class NamingScheme(Protocol):
    """A way of naming."""

    @property
    def name(self) -> str:
        """What a configuration file calls it."""

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return how a series is called on every node."""

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the path of a series whose path another one of its node has."""

    def totals(self, paths: Sequence[str]) -> tuple[LegacyTotal, ...]:
        """Return what is worked out of the series with these *paths*, besides them."""

    def around(self, target: Target) -> tuple[str, str]:
        """Return what stands before and after the path of each series of a *target*."""

    def own(self, target: Target, name: str) -> str:
        """Return the whole path of what lmaster itself says of a *target*."""


class Plain:
    """``prefix.node.metric.label value.label value``."""

    name = "plain"

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric and the values of its labels, in the order of the page."""
        return SeriesPath(graphite_paths.path(exported(metric, OWN_SERIES), labels))

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric, and names and values of its labels."""
        return SeriesPath(graphite_paths.explicit_path(exported(metric, OWN_SERIES), labels))

    def totals(self, paths: Sequence[str]) -> tuple[LegacyTotal, ...]:
        """Return nothing: what a page does not say is left to Graphite's functions."""
        return ()

    def around(self, target: Target) -> tuple[str, str]:
        """Return the node's place, which stands before."""
        return f"{target.graphite_path}.", ""

    def own(self, target: Target, name: str) -> str:
        """Return a path that ends in the target's group: a node may be in several."""
        return f"{target.graphite_path}.{name}.{graphite_paths.part(target.group)}"


class Tagged:
    """``metric;label=value;group=…;instance=…;prefix=…``."""

    name = "tagged"

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the metric with its labels as tags."""
        return SeriesPath(value(exported(metric, OWN_SERIES)) + tags(labels, OWN_TAGS))

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the same: tags have names, so no other series has it."""
        return self.path(metric, labels)

    def totals(self, paths: Sequence[str]) -> tuple[LegacyTotal, ...]:
        """Return nothing, as in plain."""
        return ()

    def around(self, target: Target) -> tuple[str, str]:
        """Return the target's tags, which stand after."""
        prefix = target.graphite_path.rpartition(".")[0]
        own = (("group", target.group), ("instance", target.name), ("prefix", prefix))
        return "", tags(own)

    def own(self, target: Target, name: str) -> str:
        """Return the name with the target's tags."""
        return name + self.around(target)[1]


class Fructosa(Plain):
    """``node.Sensor.field`` where FrUCToSA 0.3 had that, and else as in plain."""

    name = "fructosa"

    def path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the old name, with the factor that makes the old unit; or the plain one."""
        if found := legacy_names.renamed(metric, labels):
            return SeriesPath(*found)
        if (ordered := legacy_names.summed_labels(metric, labels)) is None:
            return self.explicit_path(metric, labels)
        return super().path(exported(metric, legacy_names.SENSORS), ordered)

    def explicit_path(self, metric: str, labels: Labels) -> SeriesPath:
        """Return the plain one."""
        return super().explicit_path(exported(metric, legacy_names.SENSORS), labels)

    def totals(self, paths: Sequence[str]) -> tuple[LegacyTotal, ...]:
        """Return what 0.3 told of all processors, disks or interfaces together."""
        return legacy_names.totals(paths)


SCHEMES: dict[str, NamingScheme] = {
    scheme.name: scheme for scheme in (Plain(), Tagged(), Fructosa())
}
