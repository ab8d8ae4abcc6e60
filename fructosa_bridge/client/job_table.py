"""Records of jobs, as `lmaster jobs --json` has them, as a table for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fructosa_service.humanize import date, size, size_range

from ..nodes.node_sets import fold
from .job_texts import UNKNOWN, cpu_percent, elapsed, or_unknown, seconds
from .target_list import printable

# The columns, and how long a text in each may be: people choose some of them.
_LONGEST = {
    "JOB": 20,
    "USER": 16,
    "PARTITION": 16,
    "STATE": 16,
    "NODES": 14,
    "CPUS": 8,
    "START": 15,
    "TIME": 12,
    "CPU%": 8,
    "MEMORY": 18,
    "NAME": 30,
}
_RIGHT = frozenset({"CPUS", "TIME", "CPU%", "MEMORY"})
_NAME = "NAME"
# What a narrow terminal does without: seconds and node sets, then most of the name, then these
# columns, in this order.
_SHORTEST_NAME = 8
_LEFT_OUT = ("NODES", "CPUS", "PARTITION", "USER")
_GAP = "  "
# So many names are put together to node sets, which takes 10 us each; then nodes are counted.
_MOST_FOLDED = 20_000

_Columns = dict[str, list[str]]


def table(
    records: Sequence[Mapping[str, Any]], now_s: float, width: int | None = None
) -> Iterator[str]:
    """Yield the lines of a table of jobs, made to fit a *width*; what is not known is ``?``."""
    columns = {head: [head] for head in _LONGEST}
    for one in records:
        for head, cell in zip(_LONGEST, _cells(one, now_s), strict=True):
            columns[head].append(_cut(cell, _LONGEST[head]))
    columns["START"][1:] = [_start(one, now_s, with_seconds=True) for one in records]
    columns["NODES"][1:] = _node_cells(records)
    if width is not None:
        _fit(columns, records, now_s, width)
    widths = [(_widest(cells), head in _RIGHT) for head, cells in columns.items()]
    for row in zip(*columns.values(), strict=True):
        yield _GAP.join(map(_justified, row, widths)).rstrip()


def _fit(columns: _Columns, records: Sequence[Mapping[str, Any]], now_s: float, width: int) -> None:
    """Make *columns* narrower until they fit a width, as far as that goes."""
    if _room(columns, width) < _widest(columns[_NAME]):
        columns["START"][1:] = [_start(one, now_s, with_seconds=False) for one in records]
    if not _fits(columns, width):
        columns["NODES"][1:] = [_count(one) for one in records]
    for head in _LEFT_OUT:
        if _fits(columns, width):
            break
        del columns[head]
    room = max(_SHORTEST_NAME, _room(columns, width))
    columns[_NAME] = [_cut(name, room) for name in columns[_NAME]]


def _fits(columns: _Columns, width: int) -> bool:
    """Return whether there is room for the beginnings of names."""
    return _room(columns, width) >= min(_SHORTEST_NAME, _widest(columns[_NAME]))


def _room(columns: _Columns, width: int) -> int:
    """Return what the other columns leave for the name."""
    return width - sum(
        _widest(cells) + len(_GAP) for head, cells in columns.items() if head != _NAME
    )


def _widest(cells: Sequence[str]) -> int:
    return max(map(len, cells))


def _cut(cell: str, most: int) -> str:
    return cell if len(cell) <= most else f"{cell[: most - 1]}…"


def _justified(cell: str, width: tuple[int, bool]) -> str:
    most, is_right = width
    return cell.rjust(most) if is_right else cell.ljust(most)


def _cells(one: Mapping[str, Any], now_s: float) -> tuple[str, ...]:
    return (
        printable(one["id"]),
        or_unknown(one["user"]),
        or_unknown(one["partition"]),
        or_unknown(one["state"]),
        "",  # of nodes and the start it depends on the width how they are written
        or_unknown(one["cpus"]),
        "",
        elapsed(one, now_s),
        cpu_percent(one, now_s) or UNKNOWN,
        _memory(one),
        or_unknown(one["name"]),
    )


def _start(one: Mapping[str, Any], now_s: float, *, with_seconds: bool) -> str:
    start_s = seconds(one["start"])
    if start_s is None:
        return UNKNOWN
    written = date(start_s, now_s, with_time=True, with_seconds=with_seconds)
    return _cut(written, _LONGEST["START"])


def _node_cells(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the node set of each job if it is short, else how many nodes it has."""
    known: dict[tuple[str, ...], str] = {}
    cells, folded = [], 0
    for one in records:
        nodes = tuple(one["nodes"])
        if nodes not in known:
            folded += len(nodes)
            known[nodes] = _node_set(nodes) if folded <= _MOST_FOLDED else ""
        cells.append(known[nodes] or _count(one))
    return cells


def _node_set(nodes: Sequence[str]) -> str:
    """Return a short node set, else nothing."""
    found = printable(fold(nodes))
    return found if len(found) <= _LONGEST["NODES"] else ""


def _count(one: Mapping[str, Any]) -> str:
    return str(len(one["nodes"]) or UNKNOWN)


def _memory(one: Mapping[str, Any]) -> str:
    """Return the bounds of what was used."""
    least, most = one["memory_own_max_bytes"], one["memory_peak_bytes"]
    if least is not None and most is not None:
        return size_range(least, most)
    if least is not None:
        return f"≥ {size(least)}"
    return UNKNOWN if most is None else f"≤ {size(most)}"
