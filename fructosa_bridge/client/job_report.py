"""Records of jobs, as `lmaster job ID --json` has them, as text for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from textwrap import wrap
from typing import Any

from fructosa_service.humanize import date, duration, size

from ..jobs.runs import WAITING
from ..nodes.node_sets import fold
from ..slurm_output.vocabulary import ENDED
from .target_list import printable

# The columns of the table, and how long a text in each may be: people choose some of them.
_LONGEST = {
    "JOB": 20,
    "USER": 16,
    "PARTITION": 16,
    "STATE": 16,
    "NODES": 8,
    "CPUS": 8,
    "START": 12,
    "TIME": 12,
    "CPU": 8,
    "MEMORY": 12,
    "NAME": 30,
}
_NAME = "NAME"
# What a narrow terminal does without: first most of the name, then these columns, in this order.
_SHORTEST_NAME = 8
_LEFT_OUT = ("NODES", "CPUS", "PARTITION", "USER")
_GAP = "  "
# A report is as wide as the narrowest terminals.
_WIDTH = 80
_LABEL_WIDTH = 11
UNKNOWN = "?"
NOT_KNOWN = "what was used is not known"


def table(
    records: Sequence[Mapping[str, Any]], now_s: float, width: int | None = None
) -> Iterator[str]:
    """Yield the lines of a table of jobs, made to fit a *width*; what is not known is ``?``."""
    columns = {head: [head] for head in _LONGEST}
    for one in records:
        for head, cell in zip(_LONGEST, _cells(one, now_s), strict=True):
            columns[head].append(_cut(cell, _LONGEST[head]))
    if width is not None:
        for head in _LEFT_OUT:
            if _room(columns, width) >= min(_SHORTEST_NAME, _widest(columns[_NAME])):
                break
            del columns[head]
        room = max(_SHORTEST_NAME, _room(columns, width))
        columns[_NAME] = [_cut(name, room) for name in columns[_NAME]]
    widths = [_widest(cells) for cells in columns.values()]
    for row in zip(*columns.values(), strict=True):
        yield _GAP.join(map(str.ljust, row, widths)).rstrip()


def _room(columns: Mapping[str, Sequence[str]], width: int) -> int:
    """Return what the other columns leave for the name."""
    return width - sum(
        _widest(cells) + len(_GAP) for head, cells in columns.items() if head != _NAME
    )


def _widest(cells: Sequence[str]) -> int:
    return max(map(len, cells))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _cells(one: Mapping[str, Any], now_s: float) -> tuple[str, ...]:
    start_s = _seconds(one["start"])
    return (
        printable(one["id"]),
        _text(one["user"]),
        _text(one["partition"]),
        _text(one["state"]),
        str(len(one["nodes"]) or UNKNOWN),
        _text(one["cpus"]),
        UNKNOWN if start_s is None else date(start_s, now_s, with_time=True),
        _elapsed(one, now_s),
        _cpu_share(one, now_s),
        _memory(one),
        _text(one["name"]),
    )


def report(one: Mapping[str, Any], now_s: float) -> Iterator[str]:
    """Yield the lines that say what is known of a job; what is not known is ``?``."""
    job = f"Job {printable(one['id'])} of {printable(one['cluster'])}"
    yield from _wrapped(f"{job}{_which(one)}: {_outcome(one)}", _WIDTH)
    has_gpus = one["gpus"] != []
    yield from _lines("name", [_text(one["name"])])
    yield from _lines("user", [_owner(one)])
    yield from _lines("partition", [_text(one["partition"])])
    yield from _lines("nodes", _node_sets(one["nodes"]))
    yield from _lines("time", [_time(one, now_s)])
    yield from _lines("CPU", [_cpu(one, now_s)])
    yield from _lines("memory", [_memory_bounds(one)])
    if has_gpus:
        yield from _lines("GPUs", [UNKNOWN] if one["gpus"] is None else one["gpus"])
    if has_gpus or one["energy_joules"] is not None:
        yield from _lines("energy", [_energy(one["energy_joules"])])
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
    """Return which run it is, of a job that was requeued; older ones may have expired."""
    number, known = one["restart"] + 1, one["runs"] or 1
    if number == known:
        return "" if known == 1 else f", its run {number} of {known}"
    return f", its run {number} ({known} known)"


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
        return UNKNOWN
    start = date(start_s, now_s, with_time=True)
    until = "" if end_s is None else f" to {date(end_s, now_s, with_time=True)}"
    return f"{_elapsed(one, now_s)}, from {start}{until}"


def _cpu(one: Mapping[str, Any], now_s: float) -> str:
    cpus = f"{_text(one['cpus'])} CPU{'' if one['cpus'] == 1 else 's'}"
    if one["cpu_seconds"] is None:
        return f"{cpus}; {NOT_KNOWN}"
    share = _cpu_share(one, now_s)
    of_them = "" if share == UNKNOWN else f", {share} of what it had"
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


def _memory(one: Mapping[str, Any]) -> str:
    own, peak = one["memory_own_max_bytes"], one["memory_peak_bytes"]
    if own is not None:
        return size(own)
    return UNKNOWN if peak is None else f"≤ {size(peak)}"


def _cpu_share(one: Mapping[str, Any], now_s: float) -> str:
    elapsed_s, cpus, used_s = _elapsed_s(one, now_s), one["cpus"], one["cpu_seconds"]
    known_s = 0.0 if elapsed_s is None else elapsed_s * one["coverage"]
    if not known_s or not cpus or used_s is None:
        return UNKNOWN
    return f"{used_s / (known_s * cpus):.0%}"


def _elapsed(one: Mapping[str, Any], now_s: float) -> str:
    elapsed_s = _elapsed_s(one, now_s)
    return UNKNOWN if elapsed_s is None else duration(elapsed_s)


def _elapsed_s(one: Mapping[str, Any], now_s: float) -> float | None:
    start_s, end_s = _seconds(one["start"]), _seconds(one["end"])
    is_open = one["state"] is not None and one["state"] not in ENDED | WAITING
    if start_s is None or (end_s is None and not is_open):
        return None
    return max(0.0, (now_s if end_s is None else end_s) - start_s)


def _seconds(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()


def _text(value: object) -> str:
    return UNKNOWN if value is None else printable(value)
