"""How long points are kept, and how they are thinned out: rules for Whisper files.

Whisper keeps one point a slot, so the finest archive must have slots of the scrape interval.
"""

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

Archive = tuple[int, int]
"""Seconds a slot, number of slots."""

Series = list[tuple[int, float]]
"""Times in seconds since 1970, and values."""

Method = Literal["average", "last", "min"]

_HOUR, _DAY = 3600, 86400
# Kept at each fineness: what happened today, this week, in the last two years.
_STEPS = ((60, 7 * _DAY), (_HOUR, 730 * _DAY))
_FINEST_KEPT_S = 6 * _HOUR
_FINEST_SLOTS = 2160  # six hours at ten seconds; slower series keep as many slots
# So many points in a row come at a longer interval before a file gets its slots.
_SLOW_POINTS = 10

# By the names of metrics, as for Graphite's storage-aggregation.conf: the first that is found in a
# path, from behind the node on. Values of labels, prefixes and nodes may be called as they like.
AGGREGATION: tuple[tuple[str, Method], ...] = (
    (r"^up(?:\.|$)", "min"),  # down for one slot of an hour is down
    # A counter's mean means nothing; the second half is counters as FrUCToSA 0.3 called them.
    (
        r"^(?:[^.]*_(?:total|bucket|sum|count)(?:\.|$)"
        r"|(?:CPUTimes|CPUStats|DiskIOCounters|NetIOCounters)\.|SwapMemory\.s(?:in|out)$)",
        "last",
    ),
    (r"^", "average"),
)
_AGGREGATION = tuple((re.compile(pattern), method) for pattern, method in AGGREGATION)


def archives(interval_s: int) -> list[Archive]:
    """Return the archives for series of one interval, finest first.

    Each is a multiple of the one before, as Whisper demands.
    """
    found = [(interval_s, -(-at_hand_s(interval_s) // interval_s))]
    for step_s, keep_s in _STEPS:
        finer_s, slots = found[-1]
        coarse_s = finer_s * -(-step_s // finer_s)
        if coarse_s == finer_s:  # it is as fine as this one is to be
            found[-1] = finer_s, max(slots, -(-keep_s // finer_s))
        elif keep_s > finer_s * slots:
            found.append((coarse_s, keep_s // coarse_s))
    return found


def at_hand_s(interval_s: int) -> int:
    """Return for how long the points of one interval are kept at least as they come, in seconds."""
    return max(_FINEST_KEPT_S, _FINEST_SLOTS * interval_s)


def aggregation(path: str) -> Method:
    """Return how the slots of a series are summed up when they are thinned out.

    Its *path* begins with the metric, behind the node.
    """
    return next(method for pattern, method in _AGGREGATION if pattern.search(path))


def has_slowed(times: Sequence[int], finest: Archive, interval_s: int) -> bool:
    """Tell whether a series of *finest* slots now comes at a longer interval, and at no other.

    *times* are its occupied slots, oldest first. A node may be in two sections with different
    intervals: then its points come closer, and their file must not be made anew at each of them.
    """
    step_s, slots = finest
    points = min(_SLOW_POINTS, step_s * slots // interval_s)
    if points < 2:  # the finest archive forgets a point before the next one comes
        return not times
    last = times[-points:]
    span_s = last[-1] - last[0] if last else 0
    # A slot begins up to a step before its point.
    return (
        len(last) == points
        and span_s > (points - 1) * interval_s - step_s
        and all(after - before > interval_s - step_s for before, after in pairwise(last))
    )


def finest_known(coarse: Series, fine: Series, step_s: int, fine_from_s: int) -> Series:
    """Return what is known of a series from two of its archives.

    *coarse* has slots of *step_s*; where a slot has points in *fine* too, those are taken. What is
    older than *fine_from_s* the finer archive has begun to forget, so there the coarse one counts.
    """
    whole_from_s = -(-fine_from_s // step_s) * step_s
    coarse_slots = {time_s for time_s, _ in coarse}
    taken = [
        (time_s, value)
        for time_s, value in fine
        if time_s >= whole_from_s or time_s - time_s % step_s not in coarse_slots
    ]
    fine_slots = {time_s - time_s % step_s for time_s, _ in taken}
    return [point for point in coarse if point[0] not in fine_slots] + taken


def thinned(
    points: Series,
    into: Sequence[Archive],
    now_s: int,
    aggregate: Callable[[list[float]], float],
) -> Series:
    """Return *points* with one for each slot that it falls into, by its age, in archives *into*."""
    slots: dict[int, list[float]] = {}
    for time_s, value in points:
        age_s = now_s - time_s
        step_s = next((step_s for step_s, slots in into if step_s * slots >= age_s), into[-1][0])
        slots.setdefault(time_s - time_s % step_s, []).append(value)
    return [(time_s, aggregate(values)) for time_s, values in sorted(slots.items())]
