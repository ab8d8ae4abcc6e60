"""Records of jobs, as `lmaster job ID --json` has them, as text for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from fructosa_service.humanize import date, duration, size

from ..nodes.node_sets import fold
from .target_list import printable

_HEAD = ("JOB", "USER", "PARTITION", "STATE", "NODES", "CPUS", "START", "TIME", "CPU", "MEMORY")
_LAST = "NAME"
_LONGEST_NAME = 30
_LABEL_WIDTH = 11


def table(records: Sequence[Mapping[str, Any]], now_s: float) -> Iterator[str]:
    """Yield the lines of a table of jobs; what is not known is ``?``."""
    rows = [[*_HEAD, _LAST], *(_row(one, now_s) for one in records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _row(one: Mapping[str, Any], now_s: float) -> list[str]:
    start_s = _seconds(one["start"])
    name = _text(one["name"])
    return [
        printable(one["id"]),
        _text(one["user"]),
        _text(one["partition"]),
        _state(one),
        str(len(one["nodes"])),
        _text(one["cpus"]),
        "?" if start_s is None else date(start_s, now_s, with_time=True),
        _elapsed(one, now_s),
        _cpu_share(one, now_s),
        _memory(one),
        name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…",
    ]


def report(one: Mapping[str, Any], now_s: float) -> Iterator[str]:
    """Yield the lines that say what is known of a job."""
    runs = one["runs"] or 1
    which = f", its run {one['restart'] + 1} of {runs}" if runs > 1 else ""
    yield f"Job {printable(one['id'])} of {printable(one['cluster'])}{which}: {_outcome(one)}"
    for label, text in (
        ("name", printable(one["name"] or "")),
        ("user", _owner(one)),
        ("partition", printable(one["partition"] or "")),
        ("nodes", printable(fold(one["nodes"]))),
        ("time", _time(one, now_s)),
        ("CPU", _cpu(one, now_s)),
        ("memory", _memory_bounds(one)),
        ("GPUs", "\n".join(map(printable, one["gpus"] or ()))),
        (
            "energy",
            "" if one["energy_joules"] is None else f"{one['energy_joules'] / 3.6e6:.3g} kWh",
        ),
        ("coverage", f"{one['coverage']:.0%} of its time is known"),
        ("notes", "\n".join(map(printable, one["notes"]))),
    ):
        for number, line in enumerate(text.splitlines()):
            yield f"{'' if number else label:{_LABEL_WIDTH}}{line}"


def _energy(joules: float | None) -> str:
    return "" if joules is None else f"{joules / 3.6e6:.3g} kWh"


def _outcome(one: Mapping[str, Any]) -> str:
    text = _state(one)
    if one["exit_code"] not in (None, "0:0"):
        text += f", exit code {printable(one['exit_code'])}"
    if one["reason"] is not None:
        text += f" ({printable(one['reason'])})"
    return text


def _state(one: Mapping[str, Any]) -> str:
    if one["state"] is None:
        return "state unknown" if one["end"] is None else "ended, state unknown"
    return printable(one["state"])


def _owner(one: Mapping[str, Any]) -> str:
    account = f" (account {printable(one['account'])})" if one["account"] else ""
    return f"{_text(one['user'])}{account}"


def _time(one: Mapping[str, Any], now_s: float) -> str:
    start_s, end_s = _seconds(one["start"]), _seconds(one["end"])
    if start_s is None:
        return ""
    start = date(start_s, now_s, with_time=True)
    until = "" if end_s is None else f" to {date(end_s, now_s, with_time=True)}"
    return f"{_elapsed(one, now_s)}, from {start}{until}"


def _cpu(one: Mapping[str, Any], now_s: float) -> str:
    if one["cpu_seconds"] is None:
        return f"{_text(one['cpus'])} CPUs; what was used is not known"
    share = _cpu_share(one, now_s)
    used = f"{duration(one['cpu_seconds'])} of CPU time"
    return f"{_text(one['cpus'])} CPUs, {used}" + (f", {share} of them" if share != "?" else "")


def _memory_bounds(one: Mapping[str, Any]) -> str:
    least, most = one["memory_own_max_bytes"], one["memory_peak_bytes"]
    limit = one["memory_limit_bytes"]
    bounds = " and ".join(
        f"at {word} {size(value)}"
        for word, value in (("least", least), ("most", most))
        if value is not None
    )
    asked = "" if limit is None else f"; limit {size(limit)}"
    return f"{bounds or 'what was used is not known'}{asked}"


def _memory(one: Mapping[str, Any]) -> str:
    own, peak = one["memory_own_max_bytes"], one["memory_peak_bytes"]
    if own is not None:
        return size(own)
    return "?" if peak is None else f"≤ {size(peak)}"


def _cpu_share(one: Mapping[str, Any], now_s: float) -> str:
    elapsed_s, cpus, used_s = _elapsed_s(one, now_s), one["cpus"], one["cpu_seconds"]
    known_s = 0.0 if elapsed_s is None else elapsed_s * one["coverage"]
    if not known_s or not cpus or used_s is None:
        return "?"
    return f"{used_s / (known_s * cpus):.0%}"


def _elapsed(one: Mapping[str, Any], now_s: float) -> str:
    elapsed_s = _elapsed_s(one, now_s)
    return "?" if elapsed_s is None else duration(elapsed_s)


def _elapsed_s(one: Mapping[str, Any], now_s: float) -> float | None:
    start_s, end_s = _seconds(one["start"]), _seconds(one["end"])
    if start_s is None or (end_s is None and one["state"] is None):
        return None
    return max(0.0, (now_s if end_s is None else end_s) - start_s)


def _seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _text(value: object) -> str:
    return "?" if value is None else printable(value)
