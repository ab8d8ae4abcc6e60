"""Times as people write them on a command line: a date, or how long ago."""

import re
from datetime import datetime

NOT_A_TIME = "is not a time; write e.g. 2026-11-03, 2026-11-03T14:00, 12h or 7d"
_END_S = 1e11  # lmaster takes no later times
_UNITS_S = {"min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(\d{1,6})(min|h|d|w)")


def since_s(text: str, now_s: float) -> float:
    """Return a time in seconds since 1970; a date without a zone is local.

    Raises: ValueError with the end of a sentence whose subject is *text*.
    """
    text = text.strip()
    if ago := _AGO.fullmatch(text):
        return max(0.0, now_s - int(ago[1]) * _UNITS_S[ago[2]])
    try:
        found = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(NOT_A_TIME) from None
    if not 0 <= found < _END_S:
        raise ValueError(NOT_A_TIME)
    return found
