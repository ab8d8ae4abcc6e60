"""Which series of a node arrive only at a longer interval than others, derived from its sensors.

A node may be in several sections with different intervals. A section with ``sensors`` requests only
these sensors, so it is known which series its page has: their metrics, and those in `OF_EACH` for
each sensor. A section without ``sensors`` may have any series. So may one with a sensor that is not
lagent's own, or with a query in its path. ``metrics keep`` and ``metrics drop`` are ignored: at
worst a series gets shorter slots than it needs.

In slots that are too short these series would have gaps. No point would be lost, but Graphite's
perSecond returns nothing for a counter with a gap between any two points, and sumSeries over nodes
adds only the nodes that have a point in the same slot. With points every 300 s in slots of 10 s, it
returns 1 for a gauge that is 1 on each of 10 nodes with different offsets.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..model.target import Target
from ..naming.legacy_names import RENAMED, SUMMED, ZEROS
from ..naming.sensor_metrics import METRICS, OF_EACH
from .path_patterns import names_pattern


class SectionInterval(NamedTuple):
    """A section's interval and sensors; without sensors its page may have any series."""

    interval_s: int
    sensors: frozenset[str]
    has_old_names: bool = False

    def may_have(self, sensor: str) -> bool:
        """Return whether the page may have the series of a *sensor* of lagent."""
        return not self.sensors or sensor in self.sensors


def section_interval(target: Target) -> SectionInterval:
    """Return the interval and the sensors of a target's section."""
    is_known = "?" not in target.path and METRICS.keys() >= set(target.sensors)
    sensors = frozenset(target.sensors if is_known else ())
    return SectionInterval(target.interval_s, sensors, target.naming == "fructosa")


def slower_sensors(sections: Collection[SectionInterval]) -> dict[int, list[str]]:
    """Return the sensors that only sections with longer intervals than the shortest have.

    *sections* are those of one node. The keys are the shortest intervals of the sensors.
    """
    shortest_s = min(one.interval_s for one in sections)
    slower: dict[int, list[str]] = {}
    for sensor in METRICS:
        intervals = [one.interval_s for one in sections if one.may_have(sensor)]
        interval_s = min(intervals, default=shortest_s)
        if interval_s > shortest_s:
            slower.setdefault(interval_s, []).append(sensor)
    return slower


def sensors_pattern(sensors: Sequence[str], *, has_old_names: bool) -> str:
    """Return a pattern for the series of *sensors*, from after the node's dot on."""
    names = {metric for sensor in sensors for metric in METRICS[sensor]}
    if has_old_names:
        names |= {old for metric in names for old in _old_names(metric)}
        names |= {zero.name for zero in ZEROS if zero.beside in names}
    of_each = f"{names_pattern(OF_EACH)}\\.{names_pattern(sensors)}"
    return f"(?:{names_pattern(names)}|{of_each})(?:\\.|$)"


def _old_names(metric: str) -> list[str]:
    names = [old.name for old in RENAMED.get(metric, ())]
    return [*names, SUMMED[metric].name] if metric in SUMMED else names
