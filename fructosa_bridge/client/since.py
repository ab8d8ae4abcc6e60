"""Times as people write them on a command line: a date, an hour of today, or how long ago."""

import re
from datetime import datetime, time, timedelta

NOT_A_TIME = "is not a time; write e.g. 12h, 7d, 14:00, yesterday, 2026-11-03 or 2026-11-03T14:00"
IN_THE_FUTURE = "is in the future: {then}, and now it is {now}{hint}"
YESTERDAY = "; write that of yesterday as {day}T{hour}"
_END_S = 1e11  # lmaster takes no later times
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(
    r"(?:now-)?([0-9]{1,9}) ?"
    r"(s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:ours?)?|d(?:ays?)?|w(?:eeks?)?)"
)
_HOUR = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_DAYS_AGO = {"today": 0, "midnight": 0, "yesterday": 1}


def since_s(text: str, now_s: float) -> float:
    """Return a time in seconds since 1970; a date without a zone is local.

    Raises: ValueError with the end of a sentence whose subject is *text*.
    """
    text = text.strip().lower()
    if ago := _AGO.fullmatch(text):
        return max(0.0, now_s - int(ago[1]) * _UNITS_S[ago[2][0]])
    now = datetime.fromtimestamp(now_s)
    try:
        found_s = now_s if text == "now" else _date(text, now).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(NOT_A_TIME) from None
    if not 0 <= found_s < _END_S:
        raise ValueError(NOT_A_TIME)
    if found_s > now_s:
        day = now.date() - timedelta(1)
        hint = YESTERDAY.format(day=day, hour=text) if _HOUR.fullmatch(text) else ""
        then = datetime.fromtimestamp(found_s)
        raise ValueError(IN_THE_FUTURE.format(then=_minute(then), now=_minute(now), hint=hint))
    return found_s


def _date(text: str, now: datetime) -> datetime:
    """Return the date that a text means. Raises: ValueError."""
    if _HOUR.fullmatch(text):
        return datetime.combine(now.date(), time.fromisoformat(text))
    if text in _DAYS_AGO:
        return datetime.combine(now.date() - timedelta(_DAYS_AGO[text]), time())
    return datetime.fromisoformat(text.upper())


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
