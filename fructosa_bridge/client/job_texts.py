"""What the list of jobs and the report on one have in common: texts of a record's figures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fructosa_service.humanize import duration

from ..jobs.runs import WAITING
from ..slurm_output.vocabulary import ENDED
from .target_list import printable

UNKNOWN = "?"


def or_unknown(value: object) -> str:
    """Return a value in one line without control characters, or ``?``."""
    return UNKNOWN if value is None else printable(value)


def seconds(moment: str | None) -> float | None:
    """Return a time of a record in seconds since 1970."""
    return None if moment is None else datetime.fromisoformat(moment).timestamp()


def elapsed(one: Mapping[str, Any], now_s: float) -> str:
    """Return how long a run has taken, or takes."""
    found_s = elapsed_s(one, now_s)
    return UNKNOWN if found_s is None else duration(found_s)


def elapsed_s(one: Mapping[str, Any], now_s: float) -> float | None:
    """Return the same in seconds, None if it is not known."""
    start_s, end_s = seconds(one["start"]), seconds(one["end"])
    is_open = one["state"] is not None and one["state"] not in ENDED | WAITING
    if start_s is None or (end_s is None and not is_open):
        return None
    return max(0.0, (now_s if end_s is None else end_s) - start_s)


def cpu_percent(one: Mapping[str, Any], now_s: float) -> str | None:
    """Return how much of its CPUs a run has used, of the time that is known; None is unknown."""
    taken_s, cpus, used_s = elapsed_s(one, now_s), one["cpus"], one["cpu_seconds"]
    known_s = 0.0 if taken_s is None else taken_s * one["coverage"]
    if not known_s or not cpus or used_s is None:
        return None
    return f"{100 * used_s / (known_s * cpus):.0f}"
