"""`python -m benchmarks.bridge.storing`: the embedded store beside whisper alone.

Both write the same points of the same series into the same kind of files: whisper's own
`update_many`, a call a point, as carbon-cache does when it keeps up; and the store, a send of so
many points a series. In turn, the quicker of three each. Seconds are of CPU time, the kernel's
included, so that the numbers hold on a machine that has other things to do.
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

_SERIES_A_NODE, _INTERVAL_S, _ROUNDS = 500, 10, 3
_PER_SEND = (1, 3, 10)


def paths(series: int) -> list[list[str]]:
    """Return the paths of so many series, node by node."""
    return [
        [f"cluster.node{node:03}.fructosa_cpu_time_seconds_total.{n}.user" for n in range(size)]
        for node, size in enumerate(_sizes(series))
    ]


def _sizes(series: int) -> list[int]:
    nodes, rest = divmod(series, _SERIES_A_NODE)
    return [_SERIES_A_NODE] * nodes + [rest] * (rest > 0)


class Alone:
    """whisper, a call a point."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, batches: list[Batch]) -> None:
        """Write *batches* point by point; make the files that are not there."""
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


def seconds(write: Callable[[list[Batch]], None], batches: list[Batch]) -> float:
    """Return the CPU time that it takes to write *batches*."""
    began_s = time.process_time()
    write(batches)
    return time.process_time() - began_s


def measure(series: int, folder: Path) -> list[tuple[str, ...]]:
    """Return a row for new series, and one for each number of points a send."""
    nodes = paths(series)
    writers = (Alone(folder / "alone").write, WhisperStore(folder / "store").write)
    time_s = int(time.time()) // 60 * 60 - 3600

    def scrapes(count: int) -> list[Batch]:
        nonlocal time_s
        found = []
        for _ in range(count):
            time_s += _INTERVAL_S
            found += [Batch(time_s, _INTERVAL_S, [(path, 1.5) for path in node]) for node in nodes]
        return found

    first = scrapes(1)
    rows = [_row(series, "new series", series, *(seconds(write, first) for write in writers))]
    for count in _PER_SEND:
        best = [float("inf")] * len(writers)
        for _ in range(_ROUNDS):
            batches = scrapes(count)
            best = [min(b, seconds(w, batches)) for b, w in zip(best, writers, strict=True)]
        rows.append(_row(series, f"{count} a series and send", series * count, *best))
    return rows


def _row(series: int, what: str, points: int, alone_s: float, store_s: float) -> tuple[str, ...]:
    return (
        f"{series:,}",
        what,
        f"{points / store_s:,.0f}",
        f"{points / alone_s:,.0f}",
        f"{alone_s / store_s:.1f} {TIMES}",
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.storing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it: to try it")
    parser.add_argument("--folder", type=Path, help="where to write (default: the temporary one)")
    arguments = parser.parse_args()
    rows = []
    for series in (100, 1_000) if arguments.quick else (1_000, 10_000):
        with tempfile.TemporaryDirectory(prefix="bench-store-", dir=arguments.folder) as folder:
            rows += measure(series, Path(folder))
    head = ("series", "points", "store, points/CPU s", "whisper alone, points/CPU s", "store is")
    print(table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
