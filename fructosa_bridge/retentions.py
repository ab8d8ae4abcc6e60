"""How long points are kept, and how they are thinned out: rules for Whisper files.

Whisper keeps one point a slot, so the finest archive must have slots of the scrape interval.
"""

import re
from typing import Literal

Archive = tuple[int, int]
"""Seconds a slot, number of slots."""

Method = Literal["average", "last", "min"]

_HOUR, _DAY = 3600, 86400
# Kept at each fineness: what happened today, this week, in the last two years.
_STEPS = ((60, 7 * _DAY), (_HOUR, 730 * _DAY))
_FINEST_KEPT_S = 6 * _HOUR
_FINEST_SLOTS = 2160  # six hours at ten seconds; slower series keep as many slots

# By the field's names, as for Graphite's storage-aggregation.conf: the first that matches.
AGGREGATION: tuple[tuple[str, Method], ...] = (
    (r"\.up(\.|$)", "min"),  # down for one slot of an hour is down
    (r"_(total|bucket|sum|count)(\.|$)", "last"),  # a counter's mean means nothing
    (r"", "average"),
)
_AGGREGATION = tuple((re.compile(pattern), method) for pattern, method in AGGREGATION)


def archives(interval_s: int) -> list[Archive]:
    """Return the archives for series of one interval, finest first.

    Each is a multiple of the one before, as Whisper demands.
    """
    kept_s = max(_FINEST_KEPT_S, _FINEST_SLOTS * interval_s)
    found = [(interval_s, -(-kept_s // interval_s))]
    for step_s, keep_s in _STEPS:
        finer_s = found[-1][0]
        coarse_s = finer_s * -(-step_s // finer_s)
        if coarse_s > finer_s and keep_s > found[-1][0] * found[-1][1]:
            found.append((coarse_s, keep_s // coarse_s))
    return found


def aggregation(path: str) -> Method:
    """Return how the slots of a series are summed up when they are thinned out."""
    return next(method for pattern, method in _AGGREGATION if pattern.search(path))
