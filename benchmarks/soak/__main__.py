"""`python -m benchmarks.soak`: the whole system, its parts restarted, its points counted.

A carbon-cache, `lmaster start`, fifty nodes whose every value is known, and two `lagent start` run
for an hour. At the end every page that a node has served must stand in Whisper, in its slot.
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
from .watching import Watch

_PAUSE_S = 2.0, 12.0
_QUIET_S, _PATIENCE_S = 10.0, 60.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, default=1, help="of what is restarted when (1)")
    parser.add_argument("--nodes", type=int, default=50, help="with known values (50)")
    parser.add_argument("--interval", type=int, default=1, help="seconds between scrapes (1)")
    return parser.parse_args()


def soaked(system: System, minutes: float, seed: int) -> list[Restart]:
    """Restart one part after the other for so long; print a line a minute."""
    done: list[Restart] = []
    end_s, tell_s = time.time() + 60 * minutes, time.time() + 60
    for kind, pause_s, away_s in plan(random.Random(seed), _PAUSE_S):  # noqa: S311
        if time.time() + pause_s > end_s - _QUIET_S:
            break
        time.sleep(pause_s)
        done.append(restart(system, kind, away_s))
        if time.time() > tell_s:
            tell_s += 60
            _tell(system, done)
    time.sleep(max(0.0, end_s - time.time()))
    return done


def _tell(system: System, done: list[Restart]) -> None:
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
    folder = system.whisper / node.replace(".", "-") / "ticks"
    return [folder / f"{part}.wsp" for part in range(PARTS)]


def up_of(system: System, node: str) -> Path:
    """Return the file that says in which slots a node was up."""
    return system.whisper / node.replace(".", "-") / "up" / "farm.wsp"


def settled(system: System, restarts: list[Restart], from_s: float) -> Count:
    """Compare until nothing more is missing than may be, or patience ends."""
    pages = pages_of(system)
    series = {node: series_of(system, node) for node in pages}
    ups = {node: up_of(system, node) for node in pages}
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        made = count(pages, series, ups, restarts, from_s, system.interval_s)
        if all(one.is_fine for one in made.lost) or time.monotonic() > end_s:
            return made
        time.sleep(2)


def restart_rows(made: Count, restarts: list[Restart]) -> list[tuple[str, ...]]:
    """Return how often each kind was done, and what was lost around it."""
    times = Counter(one.kind for one in restarts)
    kinds = [*KINDS, *({one.kind for one in made.lost} - KINDS.keys())]
    rows: list[tuple[str, ...]] = []
    for kind in kinds:
        lost = [one for one in made.lost if one.kind == kind]
        cut = sum(one.points for one in lost if one.is_scrape_cut_short)
        allowed = sum(one.points for one in lost if one.is_allowed)
        late = sum(one.points for one in lost if one.is_told)
        beyond = sum(one.points for one in lost if not one.is_fine)
        rows.append((kind, *map(str, (times[kind], allowed, cut, late, beyond))))
    return rows


def agent_rows(system: System, from_s: float) -> list[tuple[str, ...]]:
    """Return what lmaster has stored of each lagent: slots in which it was up, and down."""
    rows: list[tuple[str, ...]] = []
    for host in AGENTS:
        found = stored(system.whisper / host.replace(".", "-") / "up" / "agents.wsp", from_s)
        rows.append((host, f"{len(found.get(1, [])):,}", f"{len(found.get(0, [])):,}"))
    return rows


def sums(system: System, made: Count, restarts: list[Restart]) -> tuple[str, ...]:
    """Return the sums of all nodes; slots of the spare one, which comes and goes, do not count."""
    slots = [
        missed(times, restarts, max(times), system.interval_s)
        for node, times in pages_of(system).items()
        if node != system.spare
    ]
    lost = sum(one.points for one in made.lost)
    down, ran = map(sum, zip(*slots, strict=True))
    return tuple(f"{n:,}" for n in (made.served, made.stored, lost, made.misplaced, down, ran))


def report(system: System, made: Count, restarts: list[Restart], from_s: float) -> bool:
    """Print the tables; return whether no more was lost than docs/lmaster.md allows."""
    head = ("points served", "stored", "not stored", "at a wrong time")
    slots = ("slots missed, lmaster down", "while it ran")
    print(table((*head, *slots), [sums(system, made, restarts)]), end="\n\n")
    lost = ("lost in the last 0.1 s", "scrape cut short, no slot", "too late, told as down", "lost")
    print(table(("restart", "done", *lost), restart_rows(made, restarts)), end="\n\n")
    print(table(("lagent", "slots up", "slots down"), agent_rows(system, from_s)), end="\n\n")
    for one in [one for one in made.lost if not one.is_fine][:20]:
        when = f"served {one.before_s:.3f} s before {one.kind}"
        print(f"lost: {one.points} points of {one.node}, page {one.number}, {when}")
    return all(one.is_fine for one in made.lost) and not made.misplaced


def soak(asked: argparse.Namespace) -> bool:
    """Run it, and tell whether nothing was lost that should not be."""
    if not (VENV / ".installed").exists():
        raise CannotRun("there is no Graphite here; make test installs it into .venv-graphite")
    with tempfile.TemporaryDirectory() as name:
        folder, from_s = Path(name), time.time() - 2
        kept_s = int(60 * asked.minutes) + 600
        with System(folder, asked.nodes, asked.interval, kept_s) as system:
            daemons = {"lmaster": system.master, "lagent": system.agents[0]}
            watch = Watch({**daemons, "the other lagent": system.agents[1]})
            watch.start()
            restarts = soaked(system, asked.minutes, asked.seed)
            watch.end()
            is_well = report(system, settled(system, restarts, from_s), restarts, from_s)
            head = ("", "lives", "memory, early lives", "late lives", "growth in the longest")
            print(table((*head, "CPU, early lives", "late lives"), watch.rows()))
            _complain(system)
    return is_well


def _complain(system: System) -> None:
    """Print what the daemons' logs have that nobody expects."""
    for daemon in (system.master, *system.agents):
        lines = daemon.log.read_text().splitlines()
        for line in [line for line in lines if "Traceback" in line or "CRITICAL" in line][:5]:
            print(f"{daemon.log.parent.name}: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(run(lambda: soak(arguments())))
