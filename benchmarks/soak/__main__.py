"""`python -m benchmarks.soak`: the whole system with restarts of its parts; all points are counted.

A carbon-cache, `lmaster start`, fifty nodes with known values, and two `lagent start` run for an
hour. At the end, every page that a node has served must be in Whisper, in its slot.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.bridge.program import run
from benchmarks.exporter.processes import CannotRun
from benchmarks.exporter.table import table
from tests.integration.faults_nodes import PARTS
from tests.integration.graphite import VENV

from .counting import Count, count, missed, stored
from .restarts import KINDS, Restart, plan, restart
from .system import AGENTS, PAGE, System
from .watching import HEAD, Watch

_PAUSE_S = 2.0, 12.0
_NO_RESTARTS_S, _SETTLE_S = 10.0, 60.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="duration (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the restarts (default: 1)")
    parser.add_argument(
        "--nodes", type=int, default=50, help="number of nodes with known values (default: 50)"
    )
    parser.add_argument(
        "--interval", type=int, default=1, help="scrape interval in seconds (default: 1)"
    )
    return parser.parse_args()


def run_restarts(system: System, minutes: float, seed: int) -> list[Restart]:
    """Restart one part after the other for some *minutes*; print a line per minute."""
    done: list[Restart] = []
    end_s, report_s = time.time() + 60 * minutes, time.time() + 60
    for kind, pause_s, down_s in plan(random.Random(seed), _PAUSE_S):  # noqa: S311
        if time.time() + pause_s > end_s - _NO_RESTARTS_S:
            break
        time.sleep(pause_s)
        done.append(restart(system, kind, down_s))
        if time.time() > report_s:
            report_s += 60
            _print_progress(system, done)
    time.sleep(max(0.0, end_s - time.time()))
    return done


def _print_progress(system: System, done: list[Restart]) -> None:
    pages = sum(len(times) for times in pages_of(system).values())
    print(f"{time.strftime('%H:%M:%S')}: {pages:,} pages served, {len(done)} restarts", flush=True)


def pages_of(system: System) -> dict[str, list[float]]:
    """Return when each node served its pages."""
    times = system.farm.times
    return {
        node: list(times[PAGE, node])
        for node in (*system.nodes, system.spare)
        if (PAGE, node) in times
    }


def series_of(system: System, node: str) -> list[Path]:
    """Return the files of a node's series."""
    folder = system.whisper / node.replace(".", "-") / "ticks" / "part"
    return [folder / f"{part}.wsp" for part in range(PARTS)]


def up_of(system: System, node: str) -> Path:
    """Return the file of a node's series `up`."""
    return system.whisper / node.replace(".", "-") / "up" / "farm.wsp"


def settled_count(system: System, restarts: list[Restart], from_s: float) -> Count:
    """Count until only allowed losses are left, or the time to settle is over."""
    pages = pages_of(system)
    series = {node: series_of(system, node) for node in pages}
    ups = {node: up_of(system, node) for node in pages}
    deadline_s = time.monotonic() + _SETTLE_S
    while True:
        result = count(pages, series, ups, restarts, from_s, system.interval_s)
        if all(page.is_acceptable for page in result.lost) or time.monotonic() > deadline_s:
            return result
        time.sleep(2)


def restart_rows(result: Count, restarts: list[Restart]) -> list[tuple[str, ...]]:
    """Return a row per kind of restart: how many there were, and the points lost around them."""
    times = Counter(one.kind for one in restarts)
    kinds = [*KINDS, *({page.kind for page in result.lost} - KINDS.keys())]
    rows: list[tuple[str, ...]] = []
    for kind in kinds:
        lost = [page for page in result.lost if page.kind == kind]
        cut_short = sum(page.points for page in lost if page.is_scrape_cut_short)
        allowed = sum(page.points for page in lost if page.is_allowed)
        late = sum(page.points for page in lost if page.is_counted_down)
        unexpected = sum(page.points for page in lost if not page.is_acceptable)
        rows.append((kind, *map(str, (times[kind], allowed, cut_short, late, unexpected))))
    return rows


def agent_rows(system: System, from_s: float) -> list[tuple[str, ...]]:
    """Return a row per lagent: the slots in which it was up and down, from its stored `up`."""
    rows: list[tuple[str, ...]] = []
    for host in AGENTS:
        times = stored(system.whisper / host.replace(".", "-") / "up" / "agents.wsp", from_s)
        rows.append((host, f"{len(times.get(1, [])):,}", f"{len(times.get(0, [])):,}"))
    return rows


def totals(system: System, result: Count, restarts: list[Restart]) -> tuple[str, ...]:
    """Return the totals of all nodes; missed slots of the spare node do not count."""
    slots = [
        missed(times, restarts, max(times), system.interval_s)
        for node, times in pages_of(system).items()
        if node != system.spare
    ]
    lost = sum(page.points for page in result.lost)
    down, running = map(sum, zip(*slots, strict=True))
    numbers = (result.served, result.stored, lost, result.misplaced, down, running)
    return tuple(f"{number:,}" for number in numbers)


def report(system: System, result: Count, restarts: list[Restart], from_s: float) -> bool:
    """Print the tables; return whether no more was lost than docs/lmaster.md allows."""
    head = ("points served", "stored", "not stored", "at a wrong time")
    slots = ("slots missed, lmaster down", "slots missed, lmaster running")
    print(table((*head, *slots), [totals(system, result, restarts)]), end="\n\n")
    lost = ("lost in the last 0.1 s", "scrape cut short, no slot", "too late, counted as down")
    print(table(("restart", "times", *lost, "lost"), restart_rows(result, restarts)), end="\n\n")
    print(table(("lagent", "slots up", "slots down"), agent_rows(system, from_s)), end="\n\n")
    for page in [page for page in result.lost if not page.is_acceptable][:20]:
        when = f"served {page.before_s:.3f} s before {page.kind}"
        print(f"lost: {page.points} points of {page.node}, page {page.number}, {when}")
    return all(page.is_acceptable for page in result.lost) and not result.misplaced


def soak(arguments: argparse.Namespace) -> bool:
    """Run the benchmark; return whether no points were lost that should not be."""
    if not (VENV / ".installed").exists():
        raise CannotRun("Graphite is not installed; make test installs it into .venv-graphite")
    with tempfile.TemporaryDirectory() as name:
        folder, from_s = Path(name), time.time() - 2
        retention_s = int(60 * arguments.minutes) + 600
        with System(folder, arguments.nodes, arguments.interval, retention_s) as system:
            daemons = {"lmaster": system.master, "lagent": system.agents[0]}
            watch = Watch({**daemons, "the other lagent": system.agents[1]})
            watch.start()
            restarts = run_restarts(system, arguments.minutes, arguments.seed)
            watch.stop()
            result = settled_count(system, restarts, from_s)
            is_complete = report(system, result, restarts, from_s)
            print(table(HEAD, watch.rows()))
            _print_log_errors(system)
    return is_complete


def _print_log_errors(system: System) -> None:
    """Print tracebacks and critical errors from the logs of the daemons."""
    for daemon in (system.master, *system.agents):
        lines = daemon.log.read_text().splitlines()
        for line in [line for line in lines if "Traceback" in line or "CRITICAL" in line][:5]:
            print(f"{daemon.log.parent.name}: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run(lambda: soak(arguments())))
