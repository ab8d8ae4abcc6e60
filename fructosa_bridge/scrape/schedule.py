"""When a target is due: arithmetic on times in seconds since 1970.

Each target has its own offset in the interval, from a hash of its identity. So the load is spread
evenly, and a target is due at the same moments after a restart.
"""

from zlib import crc32

# Offsets are multiples of a quarter second: scrapes at the same moment find the processor's caches
# warm, and cost half of what they cost one by one.
_OFFSETS_PER_SECOND = 4


def offset(identity: str, interval_s: int, *, is_together: bool = False) -> float:
    """Return a target's offset in the interval, in seconds; 0 if it is scraped *together*."""
    if is_together:
        return 0.0
    index = crc32(identity.encode()) * interval_s * _OFFSETS_PER_SECOND // 2**32
    return index / _OFFSETS_PER_SECOND


def next_due(now_s: float, interval_s: int, offset_s: float) -> float:
    """Return the first time after *now_s* at which a target with *offset_s* is due."""
    slot = (now_s - offset_s) // interval_s + 1
    return slot * interval_s + offset_s


def latest_due(now_s: float, due_s: float, interval_s: int) -> float:
    """Return the latest due time that has passed: *due_s*, or some intervals later.

    A machine that was suspended finds that more than *due_s* has passed. What is measured now must
    not have a time from before the pause.
    """
    return due_s + max(0, (now_s - due_s) // interval_s) * interval_s


def missed(due_s: float, next_due_s: float, interval_s: int) -> int:
    """Return the number of slots between one scrape and the next, excluding both.

    It is 0 if the clock was set back: those slots come again.
    """
    return max(0, round((next_due_s - due_s) / interval_s) - 1)


def possible(missed: int, passed_s: float, interval_s: int) -> int:
    """Return how many of the *missed* slots there were, as so much time has really passed.

    A clock that is set nine years ahead has no slots in between.
    """
    return min(missed, int(passed_s // interval_s) + 1)


def moved(time_s: float, step_s: float, now_s: float) -> float:
    """Return a time of before the clock was set by *step_s*; one of after that is as it is.

    It is of before if it is nearer to the old time than to the new one.
    """
    is_old = abs(time_s - (now_s - step_s)) < abs(time_s - now_s)
    return time_s + step_s if is_old else time_s
