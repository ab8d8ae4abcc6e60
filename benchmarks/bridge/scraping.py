"""`python -m benchmarks.bridge.scraping`: lmaster compared with Debian's Prometheus and vmagent.

All scrape the same nodes at the same interval, one program after the other, in several rounds.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.exporter.table import TIMES, table

from . import profiling
from .farm import NodeFarm, farm
from .peers import lmaster, prometheus, vmagent
from .program import allow_connections, run
from .window import ScraperCost, measure

_SCRAPERS = {"lmaster": lmaster, "prometheus": prometheus, "vmagent": vmagent}
_TITLES = {"lmaster": "lmaster", "prometheus": "Prometheus", "vmagent": "vmagent"}
_KB_PER_MIB = 1024
_MEASURES: tuple[
    tuple[str, Callable[[ScraperCost], float], str, float | None, float | None], ...
] = (
    ("CPU time per sample", lambda cost: cost.sample_us, "{:.2f} µs", 0.25, 0.35),
    ("share of a core", lambda cost: 100 * cost.share, "{:.1f} %", None, None),
    ("resident memory", lambda cost: cost.resident_kb / _KB_PER_MIB, "{:.0f} MiB", 0.25, 1.25),
    ("peak since the start", lambda cost: cost.peak_kb / _KB_PER_MIB, "{:.0f} MiB", None, None),
    ("proportional set size", lambda cost: cost.pss_kb / _KB_PER_MIB, "{:.0f} MiB", None, None),
)
NOTES = """
Medians of the rounds. CPU time of all threads in user and kernel mode, measured from two intervals
after all targets were up. nginx counts the scrapes. Prometheus writes the samples to its database.
vmagent and lmaster have their queues on disk; vmagent sends to a server that responds 204, lmaster
to a carbon that only counts. The receivers are not part of the measurement. Each program's own
counts of targets up, scrapes and samples must match, and carbon must receive all points of all
scrapes."""


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
        what = f"{nodes.targets} targets, every {arguments.interval} s: {nodes.description}"
        print(what, flush=True)
        if arguments.profile:
            for profile in (profiling.by_function, profiling.by_symbol):
                print(profile(Path(name), nodes, arguments.interval, arguments.seconds), flush=True)
            return True
        costs = _costs(Path(name), nodes, arguments)
    print(f"\n{_table(costs)}\n{NOTES}")
    return not any(cost.errors for rounds in costs.values() for cost in rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.scraping", description=__doc__)
    for name, default, text in (
        ("targets", 500, "number of nodes"),
        ("samples", 500, "samples per page"),
        ("interval", 5, "scrape interval in seconds"),
        ("seconds", 60, "length of a measurement"),
        ("rounds", 2, "measurements of each program"),
    ):
        parser.add_argument(
            f"--{name}", type=int, default=default, help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--only", choices=_SCRAPERS, action="append", help="measure only this program; repeatable"
    )
    parser.add_argument("--profile", action="store_true", help="show where lmaster spends its time")
    return parser.parse_args()


def _costs(
    folder: Path, nodes: NodeFarm, arguments: argparse.Namespace
) -> dict[str, list[ScraperCost]]:
    """Return the cost of each program in each round."""
    costs: dict[str, list[ScraperCost]] = {name: [] for name in arguments.only or _SCRAPERS}
    for number in range(arguments.rounds):
        for name, rounds in costs.items():
            with _SCRAPERS[name](folder / f"{name}-{number}", nodes, arguments.interval) as running:
                rounds.append(measure(running, nodes, arguments.interval, arguments.seconds))
            print(f"{name}: {rounds[-1].summary}", flush=True)
    return costs


def _table(costs: dict[str, list[ScraperCost]]) -> str:
    rows = []
    for measured, value, form, *targets in _MEASURES:
        medians = {name: statistics.median(map(value, rounds)) for name, rounds in costs.items()}
        row = [measured, *(form.format(median) for median in medians.values())]
        for peer, target in zip(("prometheus", "vmagent"), targets, strict=True):
            row += _ratio(medians, peer, target)
        rows.append(row)
    head = ["measure", *(_TITLES[name] for name in costs)]
    head += ["ratio to Prometheus", "target", "", "ratio to vmagent", "target", ""]
    return table(head, rows)


def _ratio(medians: dict[str, float], peer: str, target: float | None) -> list[str]:
    """Return lmaster's ratio to a *peer*, the target, and whether it is met."""
    if not {"lmaster", peer} <= medians.keys():
        return ["", "", ""]
    ratio = medians["lmaster"] / medians[peer]
    if target is None:
        return [f"{ratio:.2f} {TIMES}", "", ""]
    verdict = "met" if ratio <= target else "missed"
    return [f"{ratio:.2f} {TIMES}", f"≤ {target:.2f} {TIMES}", verdict]


if __name__ == "__main__":
    sys.exit(main())
