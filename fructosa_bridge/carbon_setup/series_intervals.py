"""Which series of a node come at a longer interval than others, as far as sensors tell.

A node may be in several sections. One that names sensors of lagent brings what these have, and
what is told of each sensor: nothing else stands on its page, so of these series it is known how
often they come. A section that names no sensors may bring anything; so may one that names
others than lagent's own, or whose page is asked for with a query. Which metrics a section keeps
or drops does not count: at worst a series gets shorter slots than it needs.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..model.target import Target
from ..naming.legacy_names import RENAMED, SUMMED
from ..naming.sensor_metrics import METRICS, OF_EACH
from .name_patterns import of_names


class SectionInterval(NamedTuple):
    """What counts of a target here."""

    interval_s: int
    sensors: frozenset[str]
    has_old_names: bool = False

    def may_bring(self, sensor: str) -> bool:
        """Tell whether its page may have what a *sensor* of lagent has; without sensors it may."""
        return not self.sensors or sensor in self.sensors


def section(target: Target) -> SectionInterval:
    """Return what counts of a *target*."""
    is_known = "?" not in target.path and METRICS.keys() >= set(target.sensors)
    sensors = frozenset(target.sensors if is_known else ())
    return SectionInterval(target.interval_s, sensors, target.naming == "fructosa")


def slower(sections: Collection[SectionInterval]) -> dict[int, list[str]]:
    """Return the sensors that only longer intervals than the shortest bring, by their interval.

    *sections* are those of one node.
    """
    shortest_s = min(one.interval_s for one in sections)
    found: dict[int, list[str]] = {}
    for sensor in METRICS:
        intervals = [one.interval_s for one in sections if one.may_bring(sensor)]
        interval_s = min(intervals, default=shortest_s)
        if interval_s > shortest_s:
            found.setdefault(interval_s, []).append(sensor)
    return found


def series_of(sensors: Sequence[str], *, has_old_names: bool) -> str:
    """Return a pattern of the paths of the series of *sensors*, from behind the node on."""
    names = {metric for sensor in sensors for metric in METRICS[sensor]}
    if has_old_names:
        names |= {old for metric in names for old in _old_names(metric)}
    of_each = f"{of_names(OF_EACH)}\\.{of_names(sensors)}"
    return f"(?:{of_names(names)}|{of_each})(?:\\.|$)"


def _old_names(metric: str) -> list[str]:
    names = [old.name for old in RENAMED.get(metric, ())]
    return [*names, SUMMED[metric].name] if metric in SUMMED else names
