"""What a running lmaster reports of Slurm, as text for a terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fructosa_service.errors import UsageError
from fructosa_service.humanize import age, count, date, duration

from .target_list import printable

_WIDTH = 100  # a reason is cut there; --json has it whole

NOT_A_SUMMARY = "its response is not a summary of Slurm"
NOT_CONFIGURED = "this lmaster does not read Slurm; add a section [slurm] to its configuration"


def parse(text: str) -> dict[str, Any]:
    """Return the summary in a response.

    Raises: ValueError if it is not one, UsageError if this lmaster does not read Slurm.
    """
    try:
        found = json.loads(text)
        is_configured = found["is_configured"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(NOT_A_SUMMARY) from error
    if not is_configured:
        raise UsageError(NOT_CONFIGURED)
    return dict(found)


def report(found: Mapping[str, Any], now_s: float) -> Iterator[str]:
    """Yield the lines of a report.

    Raises: ValueError if the summary has values of unexpected types.
    """
    try:
        yield from _lines(found, now_s)
    except (TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ValueError(NOT_A_SUMMARY) from error


def _lines(found: Mapping[str, Any], now_s: float) -> Iterator[str]:
    yield _headline(found, now_s)
    for command, problem in found["problems"].items():
        yield f"{printable(command)}: {printable(problem)}"
    if "time_s" not in found:
        return
    yield from _partitions(found)
    yield from _table("NODES BY STATE", _by_count(found["total"]["nodes"]))
    yield from _table("NODES THAT TAKE NO JOBS", _nodes(found["nodes"], now_s))
    yield from _table("PENDING JOBS BY REASON", _by_count(found["total"]["pending_by_reason"]))
    yield from _table("PENDING JOBS THAT COULD START NEED", _demand(found["total"]))
    yield from _table("RESERVATIONS", _reservations(found["reservations"], now_s))
    yield from _table("LICENSES", _licenses(found["licenses"]))
    yield from _table("JOBS THAT FAILED ON ONE NODE", _failed(found["failed_jobs"]))
    yield from _table("SCHEDULER", _scheduler(found["scheduler"], now_s))


def _headline(found: Mapping[str, Any], now_s: float) -> str:
    state = {True: "slurmctld responds", False: "slurmctld does not respond", None: "not read yet"}
    if "time_s" not in found:
        return f"Slurm: {state[found['is_up']]}"
    read = f"read {age(now_s - found['time_s'])} ago in {duration(found['duration_s'])}"
    cluster = printable(found["cluster"]) or "cluster"
    return f"{cluster} (Slurm {printable(found['version'])}): {state[found['is_up']]}; {read}"


def _partitions(found: Mapping[str, Any]) -> Iterator[str]:
    names = "PARTITION", "STATE", "NODES", "CPUS", "GPUS", "RUNNING", "PENDING", "OLDEST WAIT"
    rows = [
        (
            printable(one["name"]),
            "up" if one["is_up"] else "down",
            *_use(one),
            "" if one["oldest_wait_s"] is None else age(one["oldest_wait_s"]),
        )
        for one in found["partitions"] or ()
    ]
    if len(rows) > 1:
        rows.append(("all", "", *_use(found["total"]), ""))
    if rows:
        yield ""
        yield from _columns([names, *rows], right=range(2, 8))


def _use(one: Mapping[str, Any]) -> tuple[str, ...]:
    nodes, jobs = one["nodes"], one["jobs"]
    gpus = [uses for uses in one["gpus"].values() if uses]
    all_gpus = {use: sum(each.get(use, 0) for each in gpus) for use in ("allocated", "idle")}
    return (
        "?" if nodes is None else count(sum(nodes.values())),
        _allocated(one["cpus"]),
        _allocated(all_gpus) if gpus else "",
        "?" if jobs is None else count(jobs.get("running", 0)),
        "?" if jobs is None else count(jobs.get("pending", 0)),
    )


def _allocated(uses: Mapping[str, float] | None) -> str:
    """Return ``12 of 64``: allocated, and of nodes that take jobs."""
    if uses is None:
        return "?"
    allocated = uses.get("allocated", 0)
    return f"{count(allocated)} of {count(allocated + uses.get('idle', 0))}"


def _nodes(groups: Sequence[Mapping[str, Any]] | None, now_s: float) -> Iterator[tuple[str, ...]]:
    for group in groups or ():
        since = _date(group["since_s"], now_s)
        expected = "should be up" if group["is_expected"] else ""
        yield (
            printable(group["state"]).replace("_", " "),
            count(group["count"]),
            printable(group["nodes"]),
            f"since {since}" if since else "",
            expected,
            printable(group["reason"] or ""),
        )


def _by_count(numbers: Mapping[str, float] | None) -> Iterator[tuple[str, ...]]:
    """Yield names and their numbers, the largest first; those that are 0 are left out."""
    by_count = sorted((numbers or {}).items(), key=lambda one: (-one[1], one[0]))
    yield from (
        (printable(name).replace("_", " "), count(found)) for name, found in by_count if found
    )


def _demand(total: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, name in (("cpus", "CPUs"), ("gpus", "GPUs"), ("nodes", "nodes")):
        if wanted := total[f"pending_{key}"]:
            yield name, count(wanted)


def _reservations(
    reservations: Sequence[Mapping[str, Any]] | None, now_s: float
) -> Iterator[tuple[str, ...]]:
    for one in reservations or ():
        begin, end = _date(one["start_s"], now_s), _date(one["end_s"], now_s)
        yield (
            printable(one["name"]),
            f"{count(one['node_count'])} {'node' if one['node_count'] == 1 else 'nodes'}",
            "active" if one["is_active"] else "planned",
            f"{begin} to {end}",
            printable(",".join(one["flags"])),
        )


def _licenses(licenses: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[str, ...]]:
    for one in licenses or ():
        yield printable(one["name"]), f"{count(one['used'])} of {count(one['total'])} used"


def _failed(nodes: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[str, ...]]:
    yield from ((printable(one["node"]), count(one["jobs"])) for one in list(nodes or ())[:10])


def _date(time_s: float | None, now_s: float) -> str:
    return "" if time_s is None else date(time_s, now_s, with_time=True)


def _scheduler(values: Mapping[str, float] | None, now_s: float) -> Iterator[tuple[str, ...]]:
    if values is None:
        return
    for name in ("main", "backfill"):
        mean, last = values.get(f"{name}_mean_cycle_s"), values.get(f"{name}_last_cycle_s")
        queue = values.get(f"{name}_queue_length")
        parts = [
            "" if last is None else f"last cycle {duration(last)}",
            "" if mean is None else f"mean {duration(mean)}",
            "" if queue is None else f"{count(queue)} jobs considered",
        ]
        began_s = values.get("backfill_last_time_s") if name == "backfill" else None
        parts.append("" if began_s is None else f"began {age(now_s - began_s)} ago")
        yield name, ", ".join(filter(None, parts))
    for key, name in (
        ("agent_queue_size", "messages to nodes that wait"),
        ("dbd_agent_queue_size", "records for slurmdbd that wait"),
    ):
        if key in values:
            yield name, count(values[key])


def _table(title: str, rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Yield a titled table, or nothing if it has no rows."""
    if found := list(rows):
        yield ""
        yield title
        yield from _columns(found)


def _columns(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            if width
        ]
        line = "  ".join(cells).rstrip()
        yield line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
