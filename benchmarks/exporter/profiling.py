"""Where lagent spends its time: by stage, and by function."""

import os
import pstats
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import subjects, tree
from .processes import PROFILED_LAGENT, CannotRun, lagent, read_at_each_scrape
from .scraping import scraper
from .table import table

_PAGES = 200
_TOP = 20
_MAX_CALLERS = 6  # how many callers up a function of the standard library is attributed
# The first entry that is part of a function's file name gives its stage.
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

# A thread in these functions waits for work. cProfile could measure CPU time instead of wall time,
# but reading that clock costs more than most of the calls.
_WAITS = ("'poll' of 'select.", "'get' of '_queue.SimpleQueue'", "'acquire' of '_thread.")

NOTES = f"""\
{_PAGES} pages each, over HTTP, with cProfile in every thread of lagent, without waiting for work.
Times exclude called functions; the standard library and built-in functions count for the stage
that called them. The profiler makes calls more expensive, so many small functions look worse than
they are: trust the shares rather than the milliseconds. A call that releases the GIL, such as a
write to an eventfd, may include waiting until another thread releases it again."""

Function = tuple[str, int, str]
Statistics = dict[Function, tuple[int, int, float, float, dict[Function, tuple[Any, ...]]]]


def profiles(folder: Path, available: Sequence[str]) -> Iterator[tuple[str, Statistics]]:
    """Yield a title and a profile, of this machine and of a node with 256 threads."""
    yield "A page of this machine:", _profile(folder, available, {}, lambda: None)
    node = tree.Tree(folder / "proc")
    sensors = subjects.present(subjects.PROC_SENSORS, available)
    yield (
        f"A page of the tree with {tree.PROCESSORS} threads:",
        _profile(folder, sensors, {"procfs": str(node.root)}, node.advance),
    )


def _profile(
    folder: Path,
    sensors: Sequence[str],
    settings: dict[str, str],
    before_scrape: Callable[[], None],
) -> Statistics:
    file = folder / "profile"
    os.environ["BENCH_PROFILE"] = str(file)
    with (
        lagent(
            folder / "lagent.conf", read_at_each_scrape(sensors), settings, PROFILED_LAGENT
        ) as exporter,
        scraper(exporter) as client,
    ):
        client.scrape()
        os.kill(exporter.pid, signal.SIGUSR2)
        for _ in range(_PAGES):
            before_scrape()
            client.scrape()
    if not file.exists():
        raise CannotRun("lagent exited without writing its profile")
    statistics = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    file.unlink()
    return {
        function: times
        for function, times in statistics.items()
        if not any(wait in function[2] for wait in _WAITS)
    }


def by_stage(statistics: Statistics) -> str:
    """Return a table with the time of each stage."""
    spent_s: dict[str, float] = defaultdict(float)
    for function, (_, _, own_s, _, _) in statistics.items():
        for stage, share in _shares(statistics, function, _MAX_CALLERS).items():
            spent_s[stage] += own_s * share
    total_s = sum(spent_s.values())
    rows = [
        (stage, f"{own_s / _PAGES * 1e3:.2f}", f"{own_s / total_s:.0%}")
        for stage, own_s in sorted(spent_s.items(), key=lambda item: item[1], reverse=True)
    ]
    return table(("stage", "ms per page", "share"), rows)


def top(statistics: Statistics) -> str:
    """Return a table of the functions that take the most time themselves."""
    total_s = sum(own_s for _, _, own_s, _, _ in statistics.values())
    costly = sorted(statistics.items(), key=lambda item: item[1][2], reverse=True)[:_TOP]
    rows = []
    for function, (_, calls, own_s, _, _) in costly:
        shares = _shares(statistics, function, _MAX_CALLERS)
        name = _name(function)
        rows.append(
            (
                name,
                max(shares, key=lambda stage: shares[stage]),
                f"{own_s / total_s:.0%}",
                f"{calls / _PAGES:.1f}",
            )
        )
    return table(("function", "stage", "own time", "calls per page"), rows)


def _shares(statistics: Statistics, function: Function, depth: int) -> dict[str, float]:
    """Return the shares of *function*'s time by stage: its own stage, or those of its callers."""
    for part, stage in _STAGES.items():
        if part in function[0]:
            return {stage: 1.0}
    callers = statistics[function][4] if function in statistics else {}
    total_s = sum(times[3] for times in callers.values())
    if not depth or not total_s:
        return {"other": 1.0}
    shares: dict[str, float] = defaultdict(float)
    for caller, times in callers.items():
        for stage, share in _shares(statistics, caller, depth - 1).items():
            shares[stage] += share * times[3] / total_s
    return shares


def _name(function: Function) -> str:
    file, line, name = function
    if file == "~":
        return name.strip("<>")
    *_, folder, file = Path("/", file).parts
    return f"{folder}/{file}:{line} {name}"
