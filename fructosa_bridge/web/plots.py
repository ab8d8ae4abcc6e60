"""A node's main readings: which series are plotted, and how their points become curves."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

from ..naming.graphite_paths import value

Points = list[tuple[int, float]]
"""Times in seconds since 1970, and values."""


@dataclass(frozen=True)
class Curve:
    """The series of one metric: one for each label value, or their mean.

    ``*`` in *pattern* is any one label value, and what names the curve. Of a counter the rate
    per second is plotted.
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
        "Processors busy",
        "ratio",
        (Curve("fructosa_cpu_utilization_ratio.*", "mean of all", is_mean=True),),
    ),
    Plot(
        "Memory",
        "bytes",
        (
            Curve("fructosa_memory_used_bytes", "used"),
            Curve("fructosa_memory_cached_bytes", "file cache"),
            Curve("fructosa_memory_total_bytes", "installed"),
        ),
    ),
    Plot(
        "Network",
        "bytes/s",
        (
            Curve("fructosa_network_receive_bytes_total.*", "in", is_rate=True),
            Curve("fructosa_network_transmit_bytes_total.*", "out", is_rate=True),
        ),
    ),
    Plot(
        "Disks",
        "bytes/s",
        (
            Curve("fructosa_disk_read_bytes_total.*", "read", is_rate=True),
            Curve("fructosa_disk_written_bytes_total.*", "written", is_rate=True),
        ),
    ),
    Plot("File systems in use", "ratio", (Curve("fructosa_filesystem_utilization_ratio.*"),)),
    Plot("Temperatures", "celsius", (Curve("fructosa_temperature_celsius.*.*.*"),)),
    Plot("Time of a scrape", "s", (Curve("scrape_duration_seconds.*"),)),
)

Find = Callable[[str], list[str]]
Fetch = Callable[[str], Points]


def drawn(plot: Plot, node: str, find: Find, fetch: Fetch) -> dict[str, object] | None:
    """Return a plot of the node whose paths begin with *node*; None where there is no series.

    Shape: ``{title, unit, names: [...], times: [...], values: [[...], ...]}``, a list of values
    a name, each as long as the times, null where a curve has no point.
    """
    curves: dict[str, Points] = {}
    for curve in plot.curves:
        curves.update(_points(curve, f"{node}.{curve.pattern}", find, fetch))
    curves = _worth_seeing(curves)
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


def _worth_seeing(curves: dict[str, Points]) -> dict[str, Points]:
    """Leave out what has no point, and what is at rest: a node has many idle devices."""
    found = {name: points for name, points in curves.items() if points}
    moving = {name: points for name, points in found.items() if any(y for _, y in points)}
    return moving or found


def _points(curve: Curve, pattern: str, find: Find, fetch: Fetch) -> dict[str, Points]:
    found = {path: fetch(path) for path in find(pattern)}
    if curve.is_mean:
        return {curve.name: mean(found.values())}
    return {
        _name(curve, path, pattern): rate(points) if curve.is_rate else points
        for path, points in found.items()
    }


def _name(curve: Curve, path: str, pattern: str) -> str:
    """Return the values of the labels, and what the curve is called."""
    pairs = zip(path.split("."), pattern.split("."), strict=True)
    labels = [value(found) for found, wanted in pairs if wanted == "*"]
    return " ".join([*labels, curve.name]).strip()


def rate(points: Points) -> Points:
    """Return the growth per second of a counter; none across a restart from zero."""
    steps = pairwise(points)
    return [
        (time, (count - count_before) / (time - time_before))
        for (time_before, count_before), (time, count) in steps
        if count >= count_before
    ]


def mean(series: Iterable[Points]) -> Points:
    """Return the mean of several series at each time that any of them has."""
    by_time: dict[int, list[float]] = {}
    for points in series:
        for time, found in points:
            by_time.setdefault(time, []).append(found)
    return [(time, fmean(values)) for time, values in sorted(by_time.items())]
