"""`python -m benchmarks.bridge.storing`: the embedded store compared with the library whisper.

Both write the same points into the same kind of files. whisper gets one `update_many` per point,
which is what carbon-cache does when it keeps up. The store gets some points of each series per
write. They take turns, and the best of three rounds counts. Times are CPU time in user and kernel
mode, so other load on the machine matters little.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import whisper

from benchmarks.exporter.table import TIMES, table
from fructosa_bridge.model.points import Batch
from fructosa_bridge.whisper.retentions import aggregation_method, archives
from fructosa_bridge.whisper.store import WhisperStore

_SERIES_PER_NODE, _INTERVAL_S, _ROUNDS = 500, 10, 3
_POINTS_PER_WRITE = (1, 3, 10)


def paths_by_node(series: int) -> list[list[str]]:
    """Return the paths of *series* series, one list per node."""
    return [
        [f"cluster.node{node:03}.fructosa_cpu_time_seconds_total.{n}.user" for n in range(size)]
        for node, size in enumerate(_sizes(series))
    ]


def _sizes(series: int) -> list[int]:
    nodes, rest = divmod(series, _SERIES_PER_NODE)
    return [_SERIES_PER_NODE] * nodes + [rest] * (rest > 0)


class PlainWhisper:
    """whisper with one call per point."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, batches: list[Batch]) -> None:
        """Write *batches* point by point; create missing files."""
        for batch in batches:
            for path, value in batch.points:
                name = f"{self._folder}/{path.replace('.', '/')}.wsp"
                try:
                    whisper.update_many(name, [(batch.time_s, value)])
                except FileNotFoundError:
                    Path(name).parent.mkdir(parents=True, exist_ok=True)
                    method = aggregation_method(path.removeprefix(batch.points.before))
                    whisper.create(name, archives(_INTERVAL_S), 0, method, sparse=True)
                    whisper.update_many(name, [(batch.time_s, value)])


def cpu_s(write: Callable[[list[Batch]], None], batches: list[Batch]) -> float:
    """Return the CPU time of writing *batches*."""
    started_s = time.process_time()
    write(batches)
    return time.process_time() - started_s


def measure(series: int, folder: Path) -> list[tuple[str, ...]]:
    """Return a row for new series, and one for each number of points per write."""
    nodes = paths_by_node(series)
    writers = (PlainWhisper(folder / "alone").write, WhisperStore(folder / "store").write)
    time_s = int(time.time()) // 60 * 60 - 3600

    def scrapes(count: int) -> list[Batch]:
        nonlocal time_s
        batches = []
        for _ in range(count):
            time_s += _INTERVAL_S
            batches += [
                Batch(time_s, _INTERVAL_S, [(path, 1.5) for path in paths]) for paths in nodes
            ]
        return batches

    first = scrapes(1)
    rows = [_row(series, "new series", series, *(cpu_s(write, first) for write in writers))]
    for count in _POINTS_PER_WRITE:
        best = [float("inf")] * len(writers)
        for _ in range(_ROUNDS):
            batches = scrapes(count)
            best = [min(b, cpu_s(w, batches)) for b, w in zip(best, writers, strict=True)]
        rows.append(_row(series, f"{count} per series and write", series * count, *best))
    return rows


def _row(series: int, what: str, points: int, whisper_s: float, store_s: float) -> tuple[str, ...]:
    return (
        f"{series:,}",
        what,
        f"{points / store_s:,.0f}",
        f"{points / whisper_s:,.0f}",
        f"{whisper_s / store_s:.1f} {TIMES}",
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.storing", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="do a tenth of the work: a test, not a result"
    )
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    arguments = parser.parse_args()
    rows = []
    for series in (100, 1_000) if arguments.quick else (1_000, 10_000):
        with tempfile.TemporaryDirectory(prefix="bench-store-", dir=arguments.folder) as folder:
            rows += measure(series, Path(folder))
    store, alone = (f"{name}, points per CPU second" for name in ("store", "whisper alone"))
    print(table(("series", "points", store, alone, "ratio"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
