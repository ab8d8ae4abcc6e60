"""`python -m benchmarks.bridge.scraping`: lmaster beside Debian's Prometheus and vmagent.

All scrape the same nodes at the same interval, each alone in its turn, round by round.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.exporter.table import TIMES, table

from . import profiling
from .farm import Farm, farm
from .peers import lmaster, prometheus, vmagent
from .program import allow_connections, run
from .window import Cost, measure

_ALL = {"lmaster": lmaster, "prometheus": prometheus, "vmagent": vmagent}
_MIB = 1024
_MEASURES: tuple[tuple[str, Callable[[Cost], float], str, float | None, float | None], ...] = (
    ("CPU time a sample", lambda cost: cost.sample_us, "{:.2f} µs", 0.25, 0.35),
    ("share of a core", lambda cost: 100 * cost.share, "{:.1f} %", None, None),
    ("resident memory", lambda cost: cost.resident_kb / _MIB, "{:.0f} MiB", 0.25, 1.25),
    ("its peak since the start", lambda cost: cost.peak_kb / _MIB, "{:.0f} MiB", None, None),
    ("proportional set size", lambda cost: cost.pss_kb / _MIB, "{:.0f} MiB", None, None),
)
NOTES = """
Medians of the rounds. CPU time in user and kernel mode, of all threads, once every target was up
and two intervals more had passed. nginx counts the scrapes. Prometheus keeps the samples in its
database; vmagent sends them to a server that answers 204, lmaster points to a carbon that reads,
counts and forgets, each by its queue on disk; what receives is not counted. Each program must
agree on targets up, scrapes and samples, and carbon must get each scrape's points whole."""


def main() -> int:
    """Measure and print."""
    return run(_measure)


def _measure() -> bool:
    arguments = _arguments()
    allow_connections(arguments.targets)
    with (
        tempfile.TemporaryDirectory(prefix="bench-scraping-") as name,
        farm(Path(name) / "farm", arguments.targets, arguments.samples) as nodes,
    ):
        print(f"{nodes.targets} targets, every {arguments.interval} s: {nodes.what}", flush=True)
        if arguments.profile:
            for look in (profiling.by_function, profiling.by_symbol):
                print(look(Path(name), nodes, arguments.interval, arguments.seconds), flush=True)
            return True
        costs = _in_turn(Path(name), nodes, arguments)
    print(f"\n{_result(costs)}\n{NOTES}")
    return not any(cost.faults for found in costs.values() for cost in found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.scraping", description=__doc__)
    for name, default, text in (
        ("targets", 500, "how many nodes"),
        ("samples", 500, "of a page"),
        ("interval", 5, "seconds between two scrapes of a node"),
        ("seconds", 60, "how long each is measured in a round"),
        ("rounds", 2, "how often each has its turn"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=default, help=f"{text} (default: {default})"
        )
    parser.add_argument("--only", choices=_ALL, action="append", help="leave out the others")
    parser.add_argument("--profile", action="store_true", help="show where lmaster's time goes")
    return parser.parse_args()


def _in_turn(folder: Path, nodes: Farm, arguments: argparse.Namespace) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {name: [] for name in arguments.only or _ALL}
    for number in range(arguments.rounds):
        for name, found in costs.items():
            with _ALL[name](folder / f"{name}-{number}", nodes, arguments.interval) as running:
                found.append(measure(running, nodes, arguments.interval, arguments.seconds))
            print(f"{name}: {found[-1].outcome}", flush=True)
    return costs


def _result(costs: dict[str, list[Cost]]) -> str:
    """Return the table."""
    rows = []
    for measured, value, form, *targets in _MEASURES:
        found = {name: statistics.median(map(value, each)) for name, each in costs.items()}
        row = [measured, *(form.format(each) for each in found.values())]
        for peer, target in zip(("prometheus", "vmagent"), targets, strict=True):
            row += _ratio(found, peer, target)
        rows.append(row)
    head = ["measure", *costs, "of prometheus", "target", "", "of vmagent", "target", ""]
    return table(head, rows)


def _ratio(found: dict[str, float], peer: str, target: float | None) -> list[str]:
    """Return lmaster's part of what a *peer* needs, what is wanted, and whether that is met."""
    if not {"lmaster", peer} <= found.keys():
        return ["", "", ""]
    part = found["lmaster"] / found[peer]
    if target is None:
        return [f"{part:.2f} {TIMES}", "", ""]
    verdict = "met" if part <= target else "missed"
    return [f"{part:.2f} {TIMES}", f"≤ {target:.2f} {TIMES}", verdict]


if __name__ == "__main__":
    sys.exit(main())
