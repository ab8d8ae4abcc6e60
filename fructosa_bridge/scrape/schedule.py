"""When a target is due: pure arithmetic on times in seconds since 1970.

Each target has its own moment of the interval. It follows from a hash of the target's name, so
the load is spread evenly, and the moment is the same after a restart.
"""

from zlib import crc32

# Moments are quarters of a second: scrapes that come together find the processor's caches warm,
# and cost half of what they cost one by one.
_MOMENTS_A_SECOND = 4


def offset(identity: str, interval_s: int, *, is_together: bool = False) -> float:
    """Return a target's moment within the interval, in seconds from its start.

    All targets that are scraped *together* have the same, the start.
    """
    if is_together:
        return 0.0
    moment = crc32(identity.encode()) * interval_s * _MOMENTS_A_SECOND // 2**32
    return moment / _MOMENTS_A_SECOND


def next_due(now_s: float, interval_s: int, offset_s: float) -> float:
    """Return the first moment after *now_s* at which a target with *offset_s* is due."""
    slot = (now_s - offset_s) // interval_s + 1
    return slot * interval_s + offset_s


def missed(due_s: float, next_due_s: float, interval_s: int) -> int:
    """Return how many slots lie between a scrape and the next one, without either.

    A clock that was set back misses none: those slots come once more.
    """
    return max(0, round((next_due_s - due_s) / interval_s) - 1)
