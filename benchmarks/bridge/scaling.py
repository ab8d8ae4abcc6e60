"""`python -m benchmarks.bridge.scaling`: the cost of one lmaster with 100 to 10,000 nodes."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.exporter.table import table

from .farm import farm
from .peers import lmaster
from .program import allow_connections, run
from .window import ScraperCost, measure

_MAX_PERCENT, _MAX_MIB = 50.0, 512.0
NOTES = f"""
Samples are those of the pages. lmaster has its queue on disk and sends the points to a carbon
that only counts them. The target is no missed slot, at most {_MAX_PERCENT:.0f} % of a core and
at most {_MAX_MIB:.0f} MiB of memory. Peak is the peak memory since the start."""


def main() -> int:
    """Measure and print."""
    return run(_measure)


def _measure() -> bool:
    """Measure and print; return whether no run had an error."""
    costs = _costs(_arguments())
    print(f"\n{_table(costs)}\n{NOTES}")
    return not any(cost.errors for cost in costs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.scaling", description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--samples", type=int, default=100, help="samples per page (default: 100)")
    parser.add_argument(
        "--interval", type=int, default=10, help="scrape interval in seconds (default: 10)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60, help="length of each measurement (default: 60)"
    )
    return parser.parse_args()


def _costs(arguments: argparse.Namespace) -> list[ScraperCost]:
    allow_connections(max(arguments.targets))
    costs = []
    for targets in arguments.targets:
        with (
            tempfile.TemporaryDirectory(prefix="bench-scaling-") as name,
            farm(Path(name) / "farm", targets, arguments.samples) as nodes,
            lmaster(Path(name) / "lmaster", nodes, arguments.interval) as running,
        ):
            costs.append(measure(running, nodes, arguments.interval, arguments.seconds))
            print(f"{targets} targets: {nodes.description}; {costs[-1].summary}", flush=True)
    return costs


def _table(costs: Sequence[ScraperCost]) -> str:
    head = (
        "targets", "samples/s", "CPU time per sample", "share of a core", "", "resident", "peak",
        "", "missed slots", "points sent", "errors",
    )  # fmt: skip
    return table(head, [_row(cost) for cost in costs])


def _row(cost: ScraperCost) -> tuple[str, ...]:
    percent, peak_mib = cost.share * 100, cost.peak_kb / 1024
    return (
        f"{cost.up:,}",
        f"{cost.samples / cost.seconds:,.0f}",
        f"{cost.sample_us:.2f} µs",
        f"{percent:.1f} %",
        "met" if percent <= _MAX_PERCENT else "missed",
        f"{cost.resident_kb / 1024:.0f} MiB",
        f"{peak_mib:.0f} MiB",
        "met" if peak_mib <= _MAX_MIB else "missed",
        f"{cost.missed}",
        f"{cost.sent:,}",
        "; ".join(cost.errors) or "none",
    )


if __name__ == "__main__":
    sys.exit(main())
