"""`python -m benchmarks.bridge.scaling`: what 100, 1,000 and 10,000 nodes cost one lmaster."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.exporter.table import table

from .farm import farm
from .peers import lmaster
from .program import allow_connections, run
from .window import Cost, measure

_SHARE, _MIB = 50.0, 512.0
NOTES = f"""
Samples are those of the pages; lmaster's queue is on disk, and points go to a carbon that reads,
counts and forgets them. Wanted: no slot missed, at most {_SHARE:.0f} % of a core and
{_MIB:.0f} MiB resident. A memory peak is that since the start."""


def main() -> int:
    """Measure and print."""
    return run(_measure)


def _measure() -> bool:
    """Measure and print; tell whether all did their work."""
    costs = _costs(_arguments())
    print(f"\n{_table(costs)}\n{NOTES}")
    return not any(cost.faults for cost in costs)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.scaling", description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--samples", type=int, default=100, help="of a page (default: 100)")
    parser.add_argument("--interval", type=int, default=10, help="seconds (default: 10)")
    parser.add_argument(
        "--seconds", type=float, default=60, help="how long each is measured (default: 60)"
    )
    return parser.parse_args()


def _costs(arguments: argparse.Namespace) -> list[Cost]:
    allow_connections(max(arguments.targets))
    costs = []
    for targets in arguments.targets:
        with (
            tempfile.TemporaryDirectory(prefix="bench-scaling-") as name,
            farm(Path(name) / "farm", targets, arguments.samples) as nodes,
            lmaster(Path(name) / "lmaster", nodes, arguments.interval) as running,
        ):
            costs.append(measure(running, nodes, arguments.interval, arguments.seconds))
            print(f"{targets} targets: {nodes.what}; {costs[-1].outcome}", flush=True)
    return costs


def _table(costs: Sequence[Cost]) -> str:
    head = (
        "targets", "samples/s", "CPU a sample", "of a core", "", "resident", "peak", "",
        "missed slots", "points sent", "faults",
    )  # fmt: skip
    return table(head, [_row(cost) for cost in costs])


def _row(cost: Cost) -> tuple[str, ...]:
    share, mib = cost.share * 100, cost.peak_kb / 1024
    return (
        f"{cost.up:,}",
        f"{cost.samples / cost.seconds:,.0f}",
        f"{cost.sample_us:.2f} µs",
        f"{share:.1f} %",
        "met" if share <= _SHARE else "missed",
        f"{cost.resident_kb / 1024:.0f} MiB",
        f"{mib:.0f} MiB",
        "met" if mib <= _MIB else "missed",
        f"{cost.missed}",
        f"{cost.sent:,}",
        "; ".join(cost.faults) or "none",
    )


if __name__ == "__main__":
    sys.exit(main())
