"""The small notations of Slurm's output: numbers, sizes, times, task lists, GRES and TRES."""

import re
from collections import Counter
from functools import lru_cache

_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_TASKS = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")
# An index of an array is below MaxArraySize, 4,000,001 at most.
_MOST_TASKS = 4_000_001


def number(text: str) -> int | None:
    """Return a whole number, or None if *text* is not one (``N/A``, ``(null)``, ``1-2``)."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def time_s(text: str) -> float | None:
    """Return a time in seconds since 1970; None for N/A, NONE, Unknown, or zero."""
    if not text.isdecimal():  # most times of jobs that wait
        return None
    return float(number(text) or 0) or None


def array_tasks(text: str) -> int:
    """Return the number of tasks in ``1-5,9,20-40:2%4``; 1 where there is no list of tasks."""
    if text == "N/A" or text.isdecimal():
        return 1
    tasks = 0
    for part in text.partition("%")[0].strip("[]").split(","):
        if found := _TASKS.fullmatch(part):
            first, last, step = (number(group or "") for group in found.groups())
            if first is None or last is None:
                tasks += 1
            elif last >= first:
                tasks += (last - first) // (step or 1) + 1
    return min(max(tasks, 1), _MOST_TASKS)


@lru_cache(maxsize=1024)
def gpus_by_type(text: str) -> dict[str, int]:
    """Return the number of GPUs by type in a list of GRES or TRES; GPUs without a type are ``gpu``.

    Entries are ``gpu:2``, ``gpu:a100:2(S:0-1)``, ``gres:gpu:2`` or ``gres/gpu:a100=2``. A TRES list
    has typed GPUs twice, as ``gres/gpu=2,gres/gpu:a100=2``: then the total is left out.
    """
    found: Counter[str] = Counter()
    for entry in _IN_PARENTHESES.sub("", text).split(","):
        body, is_tres, count = entry.strip().partition("=")
        name, *rest = body.removeprefix("gres:").removeprefix("gres/").split(":")
        if name != "gpu":
            continue
        if not is_tres:
            count = rest.pop() if rest and number(rest[-1]) is not None else "1"
        found[rest[0] if rest else "gpu"] += number(count) or 0
    if "gres/gpu=" in text and len(found) > 1:
        del found["gpu"]
    return dict(found)


def gpu_count(text: str) -> int:
    """Return the number of GPUs in a list of GRES or TRES."""
    return sum(gpus_by_type(text).values()) if "gpu" in text else 0
