"""The plots of a node's page: which series they show, and how points become curves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from ..naming.graphite_paths import value

Points = list[tuple[int, float]]
"""Pairs of a time in seconds since 1970 and a value."""


@dataclass(frozen=True)
class Curve:
    """The series of one metric: a curve for each, or one for their mean.

    In *pattern*, ``*`` matches one label value, which becomes part of the curve's name. Counters
    are plotted as rate per second.
    """

    pattern: str
    name: str = ""
    is_rate: bool = False
    is_mean: bool = False


@dataclass(frozen=True)
class Plot:
    """Curves that share their axes; *unit* is one of ratio, bytes, bytes/s, celsius, s, number."""

    title: str
    unit: str
    curves: tuple[Curve, ...] = field(default=())


PLOTS = (
    Plot(
        "CPU utilization",
        "ratio",
        (Curve("fructosa_cpu_utilization_ratio.*", "mean", is_mean=True),),
    ),
    Plot(
        "Memory",
        "bytes",
        (
            Curve("fructosa_memory_used_bytes", "used"),
            Curve("fructosa_memory_cached_bytes", "cached"),
            Curve("fructosa_memory_total_bytes", "total"),
        ),
    ),
    Plot(
        "Network",
        "bytes/s",
        (
            Curve("fructosa_network_receive_bytes_total.*", "receive", is_rate=True),
            Curve("fructosa_network_transmit_bytes_total.*", "transmit", is_rate=True),
        ),
    ),
    Plot(
        "Disks",
        "bytes/s",
        (
            Curve("fructosa_disk_read_bytes_total.*", "read", is_rate=True),
            Curve("fructosa_disk_written_bytes_total.*", "write", is_rate=True),
        ),
    ),
    Plot("Filesystem usage", "ratio", (Curve("fructosa_filesystem_utilization_ratio.*"),)),
    Plot("Temperatures", "celsius", (Curve("fructosa_temperature_celsius.*.*.*"),)),
    Plot("Scrape duration", "s", (Curve("scrape_duration_seconds.*"),)),
)

Find = Callable[[str], list[str]]
Fetch = Callable[[str], Points]


def plot_data(plot: Plot, node: str, find: Find, fetch: Fetch) -> dict[str, object] | None:
    """Return the data of a plot for the node whose paths begin with *node*; None without series.

    Shape: ``{title, unit, names: [...], times: [...], values: [[...], ...]}``. There is a list of
    values for each name, as long as the times, with null where the curve has no point.
    """
    curves: dict[str, Points] = {}
    for curve in plot.curves:
        curves.update(_points_by_name(curve, f"{node}.{curve.pattern}", find, fetch))
    curves = _without_idle(curves)
    if not curves:
        return None
    times = sorted({time for points in curves.values() for time, _ in points})
    columns = []
    for points in curves.values():
        by_time = dict(points)
        columns.append([by_time.get(time) for time in times])
    return {
        "title": plot.title,
        "unit": plot.unit,
        "names": list(curves),
        "times": times,
        "values": columns,
    }


def _without_idle(curves: dict[str, Points]) -> dict[str, Points]:
    """Leave out curves without points, and those that are always zero: a node has idle devices.

    If all are zero, return them all.
    """
    with_points = {name: points for name, points in curves.items() if points}
    in_use = {name: points for name, points in with_points.items() if any(y for _, y in points)}
    return in_use or with_points


def _points_by_name(curve: Curve, pattern: str, find: Find, fetch: Fetch) -> dict[str, Points]:
    series = {path: fetch(path) for path in find(pattern)}
    if curve.is_mean:
        return {curve.name: mean(series.values())}
    return {
        _name(curve, path, pattern): rate(points) if curve.is_rate else points
        for path, points in series.items()
    }


def _name(curve: Curve, path: str, pattern: str) -> str:
    """Return the label values of a series and the name of the curve."""
    pairs = zip(path.split("."), pattern.split("."), strict=True)
    labels = [value(part) for part, wanted in pairs if wanted == "*"]
    return " ".join([*labels, curve.name]).strip()


def rate(points: Points) -> Points:
    """Return the increase of a counter per second, with no point where it was reset to zero."""
    return [
        (time, (count - count_before) / (time - time_before))
        for (time_before, count_before), (time, count) in pairwise(points)
        if count >= count_before
    ]


def mean(series: Iterable[Points]) -> Points:
    """Return the mean of several series at each time at which any of them has a point."""
    by_time: dict[int, list[float]] = {}
    for points in series:
        for time, number in points:
            by_time.setdefault(time, []).append(number)
    return [(time, fmean(values)) for time, values in sorted(by_time.items())]
