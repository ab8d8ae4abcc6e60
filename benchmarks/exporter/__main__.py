"""`python -m benchmarks.exporter`: the cost of lagent compared with node_exporter."""

import argparse
import platform
import sys
import tempfile
from pathlib import Path

from . import profiling
from .comparison import NOTES, Comparison
from .processes import CannotRun, default_sensors
from .table import results


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.exporter", description=__doc__)
    parser.add_argument("--profile", action="store_true", help="show where lagent spends its time")
    parser.add_argument(
        "--quick", action="store_true", help="do a tenth of the work: a test, not a result"
    )
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-exporter-") as folder:
            if arguments.profile:
                _profile(Path(folder))
            else:
                _compare(Path(folder), 10 if arguments.quick else 1)
    except CannotRun as error:
        print(f"bench-exporter: {error}", file=sys.stderr)
        return 1
    return 0


def _compare(folder: Path, divisor: int) -> None:
    comparison = Comparison(folder, default_sensors(), divisor)
    lines = []
    for measure in comparison.measures:
        print((measure.__doc__ or "").rstrip("."), "...", file=sys.stderr, flush=True)
        lines += measure()
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print(results(lines))
    print(NOTES)


def _profile(folder: Path) -> None:
    for title, profile in profiling.profiles(folder, default_sensors()):
        print(f"{title}\n")
        print(profiling.by_stage(profile))
        print()
        print(profiling.top(profile))
        print()
    print(profiling.NOTES)


if __name__ == "__main__":
    sys.exit(main())
