"""Where lagent's time goes: its own time by stage, and the functions that take most of it."""

import os
import pstats
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import subjects, tree
from .processes import PROFILED_LAGENT, CannotRun, anew, lagent
from .scraping import scraper
from .table import table

_PAGES = 200
_TOP = 20
_CALLERS = 6  # how far up a call of the standard library is followed
# The first that is part of a function's file name says the stage.
_STAGES = {
    "/psutil/": "psutil and kernel",
    "fructosa_exporter/kernel.py": "psutil and kernel",
    "fructosa_exporter/sources/": "sensors",
    "fructosa_exporter/sensors/": "sensors",
    "fructosa_exporter/sensor.py": "sensors",
    "fructosa_exporter/metrics.py": "sensors",
    "fructosa_exporter/page/": "rendering",
    "/gzip.py": "rendering",
    "fructosa_exporter/collect/": "readings",
    "fructosa_exporter/thread_pool.py": "readings",
    "fructosa_exporter/": "http",
    "/http/": "http",
    "/socketserver.py": "http",
    "/selectors.py": "http",
    "/ssl.py": "http",
    "/email/": "http",
}

# Who is here waits for something to do. cProfile could count CPU time instead, but to ask for it
# costs more than most calls that it would measure.
_WAITS = ("'poll' of 'select.", "'get' of '_queue.SimpleQueue'", "'acquire' of '_thread.")

NOTES = f"""\
{_PAGES} pages each, over HTTP, by cProfile in every thread of lagent, less what waits for work. Own
time; what the standard library and built-in functions take counts for the stage that called them.
The profiler makes calls dearer, so that many small functions look worse than they are: believe the
shares rather than the milliseconds. A call that lets another thread run, as writing to an eventfd
or an epoll does, may wait until that thread lets go."""

Function = tuple[str, int, str]
Statistics = dict[Function, tuple[int, int, float, float, dict[Function, tuple[Any, ...]]]]


def profiles(folder: Path, here: Sequence[str]) -> Iterator[tuple[str, Statistics]]:
    """Yield what was profiled, and its statistics: this machine, and a large one."""
    yield "This machine", _profiled(folder, here, {}, lambda: None)
    node = tree.Tree(folder / "proc")
    sensors = subjects.present(subjects.PROC_SENSORS, here)
    yield (
        f"{tree.PROCESSORS} threads",
        _profiled(folder, sensors, {"procfs": str(node.root)}, node.go_on),
    )


def _profiled(
    folder: Path, sensors: Sequence[str], settings: dict[str, str], before: Callable[[], None]
) -> Statistics:
    file = folder / "profile"
    os.environ["BENCH_PROFILE"] = str(file)
    with (
        lagent(folder / "lagent.conf", anew(sensors), settings, PROFILED_LAGENT) as exporter,
        scraper(exporter) as one,
    ):
        one.scrape()
        os.kill(exporter.pid, signal.SIGUSR2)
        for _ in range(_PAGES):
            before()
            one.scrape()
    if not file.exists():
        raise CannotRun("lagent ended without leaving its profile")
    statistics = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    file.unlink()
    return {
        function: times
        for function, times in statistics.items()
        if not any(wait in function[2] for wait in _WAITS)
    }


def by_stage(statistics: Statistics) -> str:
    """Return the time of each stage as a table."""
    spent: dict[str, float] = defaultdict(float)
    for function, (_, _, own_s, _, _) in statistics.items():
        for stage, share in _shares(statistics, function, _CALLERS).items():
            spent[stage] += own_s * share
    whole = sum(spent.values())
    rows = [
        (stage, f"{own_s / _PAGES * 1e3:.2f}", f"{own_s / whole:.0%}")
        for stage, own_s in sorted(spent.items(), key=lambda one: one[1], reverse=True)
    ]
    return table(("stage", "ms a page", "share"), rows)


def top(statistics: Statistics) -> str:
    """Return the functions that take most time themselves, as a table."""
    whole = sum(own_s for _, _, own_s, _, _ in statistics.values())
    costly = sorted(statistics.items(), key=lambda one: one[1][2], reverse=True)[:_TOP]
    rows = []
    for function, (_, calls, own_s, _, _) in costly:
        shares = _shares(statistics, function, _CALLERS)
        name = _name(function)
        rows.append(
            (
                name,
                max(shares, key=lambda stage: shares[stage]),
                f"{own_s / whole:.0%}",
                f"{calls / _PAGES:.1f}",
            )
        )
    return table(("function", "stage", "own time", "calls a page"), rows)


def _shares(statistics: Statistics, function: Function, depth: int) -> dict[str, float]:
    """Return the parts of *function*'s time by stage: its own stage, or that of its callers."""
    for part, stage in _STAGES.items():
        if part in function[0]:
            return {stage: 1.0}
    callers = statistics[function][4] if function in statistics else {}
    whole = sum(times[3] for times in callers.values())
    if not depth or not whole:
        return {"other": 1.0}
    parts: dict[str, float] = defaultdict(float)
    for caller, times in callers.items():
        for stage, share in _shares(statistics, caller, depth - 1).items():
            parts[stage] += share * times[3] / whole
    return parts


def _name(function: Function) -> str:
    file, line, name = function
    if file == "~":
        return name.strip("<>")
    *_, folder, file = Path("/", file).parts
    return f"{folder}/{file}:{line} {name}"
