"""The records of jobs in the answer of a running lmaster, which may be of another version."""

from collections.abc import Callable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

NO_RECORDS = "its answer is not a list of jobs"


def checked(found: object) -> list[dict[str, Any]]:
    """Return the records of an answer that was JSON; what is in them besides is left as it is.

    Raises: ValueError if one lacks a field, or has it with another type.
    """
    if not isinstance(found, list) or not all(map(_is_record, found)):
        raise ValueError(NO_RECORDS)
    return found


def _is_record(one: object) -> bool:
    if not isinstance(one, dict):
        return False
    try:
        return all(_FIELDS[name](one[name]) for name in _FIELDS)
    except (KeyError, ValueError, OverflowError):
        return False


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and isfinite(value)  # OverflowError for huge ones


def _is_time(value: object) -> bool:
    return isinstance(value, str) and isfinite(datetime.fromisoformat(value).timestamp())


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _or_none(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


_FIELDS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("cluster", "id"), _is_text),
    **dict.fromkeys(
        ("user", "account", "partition", "name", "state", "exit_code", "reason"), _or_none(_is_text)
    ),
    **dict.fromkeys(("start", "end"), _or_none(_is_time)),
    **dict.fromkeys(("restart", "coverage"), _is_number),
    **dict.fromkeys(("runs", "cpus", "cpu_seconds", "energy_joules"), _or_none(_is_number)),
    **dict.fromkeys(
        ("memory_limit_bytes", "memory_own_max_bytes", "memory_peak_bytes"), _or_none(_is_number)
    ),
    **dict.fromkeys(("nodes", "notes"), _is_list),
    "gpus": _or_none(_is_list),
}
