"""How long Whisper files keep points, at which resolution, and how they aggregate them.

Whisper stores one point per slot, so the slots of the finest archive must have the length of the
scrape interval.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

Archive = tuple[int, int]
"""Seconds per slot, and number of slots."""

Series = list[tuple[int, float]]
"""The points of one series: times in seconds since 1970, and values."""

Method = Literal["average", "last", "min"]

_HOUR, _DAY = 3600, 86400
# Resolutions: minutes for a week, hours for two years.
_STEPS = ((60, 7 * _DAY), (_HOUR, 730 * _DAY))
_FINEST_MIN_S = 6 * _HOUR
_FINEST_SLOTS = 2160  # six hours at ten seconds; slower series have as many slots
# A file gets longer slots after so many points in a row at the longer interval.
_SLOW_POINTS = 10

# As in Graphite's storage-aggregation.conf, the first match counts. The patterns match the name of
# the metric, after the node: values of labels, prefixes and nodes make no difference.
AGGREGATION: tuple[tuple[str, Method], ...] = (
    (r"^up(?:\.|$)", "min"),  # an hour in which the node was down shows that
    # The average of a counter is meaningless, and so is that of fructosa_node_expected. The second
    # half has the counters of FrUCToSA 0.3.
    (
        r"^(?:[^.]*_(?:total|bucket|sum|count|expected)(?:\.|$)"
        r"|(?:CPUTimes|CPUStats|DiskIOCounters|NetIOCounters)\.|SwapMemory\.s(?:in|out)$)",
        "last",
    ),
    (r"^", "average"),
)
_AGGREGATION = tuple((re.compile(pattern), method) for pattern, method in AGGREGATION)


def archives(interval_s: int) -> list[Archive]:
    """Return the archives for series of one interval, finest first.

    The slots of each are a multiple of those of the one before, as Whisper requires.
    """
    layout = [(interval_s, -(-finest_retention_s(interval_s) // interval_s))]
    for step_s, retention_s in _STEPS:
        finer_s, slots = layout[-1]
        coarse_s = finer_s * -(-step_s // finer_s)
        if coarse_s == finer_s:  # the finer archive already has this resolution
            layout[-1] = finer_s, max(slots, -(-retention_s // finer_s))
        elif retention_s > finer_s * slots:
            layout.append((coarse_s, retention_s // coarse_s))
    return layout


def finest_retention_s(interval_s: int) -> int:
    """Return the minimum time for which points of an interval are stored without aggregation."""
    return max(_FINEST_MIN_S, _FINEST_SLOTS * interval_s)


def aggregation_method(path: str) -> Method:
    """Return the method that aggregates the points of a series into longer slots.

    *path* begins with the metric, without prefix and node.
    """
    return next(method for pattern, method in _AGGREGATION if pattern.search(path))


def has_slowed(times: Sequence[int], finest: Archive, interval_s: int) -> bool:
    """Return whether a series with *finest* slots now arrives only at a longer interval.

    *times* are its recent points, oldest first. If a node is in two sections with different
    intervals, its points are closer together, and the file must not be resized at each of them.
    """
    step_s, slots = finest
    points = min(_SLOW_POINTS, step_s * slots // interval_s)
    if points < 2:  # the finest archive expires a point before the next one arrives
        return not times
    last = times[-points:]
    span_s = last[-1] - last[0] if last else 0
    # A slot can begin almost a step before its point.
    return (
        len(last) == points
        and span_s > (points - 1) * interval_s - step_s
        and all(after - before > interval_s - step_s for before, after in pairwise(last))
    )


def merged(coarse: Series, fine: Series, step_s: int, fine_from_s: int) -> Series:
    """Return the points of two archives of a series, at the finest resolution available.

    *coarse* has slots of *step_s*. A slot that has points in *fine* too is replaced by them. The
    finer archive reaches back to *fine_from_s*, which may be inside a coarse slot; that slot is
    kept, because some of its fine points are gone.
    """
    complete_from_s = -(-fine_from_s // step_s) * step_s
    coarse_slots = {time_s for time_s, _ in coarse}
    used = [
        (time_s, value)
        for time_s, value in fine
        if time_s >= complete_from_s or time_s - time_s % step_s not in coarse_slots
    ]
    fine_slots = {time_s - time_s % step_s for time_s, _ in used}
    return [point for point in coarse if point[0] not in fine_slots] + used


def downsampled(
    points: Series,
    layout: Sequence[Archive],
    now_s: int,
    aggregate: Callable[[list[float]], float],
) -> Series:
    """Return *points* aggregated into the slots of the archives that fit their age."""
    slots: dict[int, list[float]] = {}
    for time_s, value in points:
        age_s = now_s - time_s
        step_s = next(
            (step_s for step_s, slots in layout if step_s * slots >= age_s), layout[-1][0]
        )
        slots.setdefault(time_s - time_s % step_s, []).append(value)
    return [(time_s, aggregate(values)) for time_s, values in sorted(slots.items())]
