"""How long to wait before a destination is tried again."""

_FIRST_S = 0.5
_LONGEST_S = 30.0


def delay(failures: int, jitter: float) -> float:
    """Return the seconds to wait after so many *failures* in a row.

    The time doubles up to half a minute. *jitter*, from 0 to 1, takes away up to half of it, so
    that several lmasters don't come back to a carbon at the same moment.
    """
    longest = min(_LONGEST_S, _FIRST_S * 2.0 ** min(failures - 1, 16))
    return longest * (1 - jitter / 2)
