"""A record of a job, as `lmaster job ID --json` has it, as text for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from fructosa_service.humanize import duration, period, size

from ..nodes.node_sets import fold
from .job_texts import UNKNOWN, cpu_percent, elapsed, elapsed_s, or_unknown, seconds
from .target_list import printable

# A report is as wide as the narrowest terminals.
_WIDTH = 80
_LABEL_WIDTH = 11
_HOUR_S = 3600
NOT_KNOWN = "what was used is not known"
MORE_RUNS = "{runs} are known; --all shows all"


def report(one: Mapping[str, Any], now_s: float, *, of_all: bool = False) -> Iterator[str]:
    """Yield the lines that say what is known of a run; what is not known is ``?``.

    Unless it is one *of all* that are shown, it says how many runs the job has.
    """
    job = f"Job {printable(one['id'])} of {printable(one['cluster'])}"
    yield from _wrapped(f"{job}{_which(one)}: {_outcome(one)}", _WIDTH)
    has_gpus = one["gpus"] != []
    yield from _lines("name", [or_unknown(one["name"])])
    yield from _lines("user", [_owner(one)])
    yield from _lines("partition", [or_unknown(one["partition"])])
    yield from _lines("nodes", _node_sets(one["nodes"]))
    yield from _lines("time", [_time(one, now_s)])
    yield from _lines("CPU", [_cpu(one, now_s)])
    yield from _lines("memory", [_memory_bounds(one)])
    if has_gpus:
        yield from _lines("GPUs", [UNKNOWN] if one["gpus"] is None else one["gpus"])
    if has_gpus or one["energy_joules"] is not None:
        yield from _lines("energy", [_energy(one["energy_joules"])])
    if not of_all and (one["runs"] or 1) > 1:
        yield from _lines("runs", [MORE_RUNS.format(runs=one["runs"])])
    yield from _lines("coverage", [f"{one['coverage']:.0%} of its time is known"])
    yield from _lines("notes", one["notes"])


def _lines(label: str, texts: Sequence[str]) -> Iterator[str]:
    width = _WIDTH - _LABEL_WIDTH
    for text in texts:
        for line in _wrapped(printable(text), width) or [""]:
            yield f"{label:{_LABEL_WIDTH}}{line}".rstrip()
            label = ""


def _wrapped(text: str, width: int) -> list[str]:
    # Before a very long word, wrap() may leave a blank.
    return [line.rstrip() for line in wrap(text, width, break_on_hyphens=False)]


def _node_sets(nodes: Sequence[str]) -> list[str]:
    """Return a node set as lines that break at its commas."""
    lines = _wrapped(printable(fold(nodes)).replace(",", ", "), _WIDTH - _LABEL_WIDTH)
    return [line.replace(", ", ",") for line in lines] or [UNKNOWN]


def _energy(joules: float | None) -> str:
    return UNKNOWN if joules is None else f"{joules / 3.6e6:.3g} kWh"


def _which(one: Mapping[str, Any]) -> str:
    """Return which run it is, of a job that was requeued, and how many before it are not known."""
    number, known = one["restart"] + 1, one["runs"] or 1
    unknown = number - known
    if number == known == 1:
        return ""
    if unknown <= 0:
        return f", run {number}"
    if number == 2:
        return ", run 2 (run 1 is not known)"
    earlier = "1 earlier run is" if unknown == 1 else f"{unknown} earlier runs are"
    return f", run {number} ({earlier} not known)"


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
    return f"{or_unknown(one['user'])}{account}"


def _time(one: Mapping[str, Any], now_s: float) -> str:
    start_s, end_s = seconds(one["start"]), seconds(one["end"])
    if start_s is None:
        return UNKNOWN
    is_short = (elapsed_s(one, now_s) or 0.0) < _HOUR_S
    times = period(start_s, end_s, now_s, with_seconds=is_short)
    return f"{elapsed(one, now_s)}, from {times}"


def _cpu(one: Mapping[str, Any], now_s: float) -> str:
    cpus = f"{or_unknown(one['cpus'])} CPU{'' if one['cpus'] == 1 else 's'}"
    if one["cpu_seconds"] is None:
        return f"{cpus}; {NOT_KNOWN}"
    share = cpu_percent(one, now_s)
    of_them = "" if share is None else f", {share}% of what it had"
    return f"{cpus}, {duration(one['cpu_seconds'])} of CPU time{of_them}"


def _memory_bounds(one: Mapping[str, Any]) -> str:
    least, most = one["memory_own_max_bytes"], one["memory_peak_bytes"]
    limit = one["memory_limit_bytes"]
    bounds = " and ".join(
        f"at {word} {size(value)}"
        for word, value in (("least", least), ("most", most))
        if value is not None
    )
    asked = "" if limit is None else f"; limit {size(limit)}"
    return f"{bounds or NOT_KNOWN}{asked}"
