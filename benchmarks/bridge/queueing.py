"""`python -m benchmarks.bridge.queueing`: the queue on disk, compared with SQLite, persist-queue.

All of them store the same records: a batch as lmaster encodes it, with the paths of its page once.
Each appends the same scrapes, syncs to disk once a second, and reads everything back; the CPU time
per point is compared. Then a child that appends is killed with SIGKILL, and the benchmark counts
how many of the scrapes that it had reported are left. persist-queue is measured if it can be
imported, from PYTHONPATH for example.
"""

import argparse
import importlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from benchmarks.exporter.table import TIMES, table
from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.pieces import batches as decoded
from fructosa_bridge.queue.pieces import pieces
from fructosa_bridge.queue.records import (
    HEADER_BYTES,
    MarkedFormat,
    Position,
    RecordEncoder,
    header,
)
from fructosa_bridge.queue.segments import Segments, sync

_NODES, _SERIES = 50, 500
_SCRAPES_BEFORE_KILL = 500
_MARK = b"benchmrk"


class Queue(Protocol):
    """The operations that are compared: append, sync to disk, read back."""

    def append(self, batch: Batch) -> None:
        """Queue a batch."""

    def sync(self) -> None:
        """Sync everything to disk."""

    def read(self) -> Iterator[Batch]:
        """Yield everything that is queued."""


class SegmentQueue:
    """lmaster's segments."""

    def __init__(self, folder: Path) -> None:
        self._segments = Segments(folder, 2**34, 1e9)
        self._segments.open()

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        self._segments.append(batch)

    def sync(self) -> None:
        """Sync everything to disk."""
        sync(self._segments.to_sync())

    def read(self) -> Iterator[Batch]:
        """Yield everything that is queued."""
        position = self._segments.start
        while position < self._segments.end:
            read, position = self._segments.read(position, self._segments.end, 10**9)
            for batch, _ in read:
                yield batch


class Records:
    """Encodes batches into records as lmaster's segments do."""

    def __init__(self) -> None:
        self._encoder = RecordEncoder(_MARK)
        self._end = Position(HEADER_BYTES, 0)

    def encode(self, batch: Batch) -> bytes:
        """Return the records of a batch."""
        record = self._encoder.encode(batch, self._end)
        self._end = Position(self._end.offset + len(record), self._end.points + len(batch))
        return record


def _decode(records: Iterable[bytes]) -> Iterator[Batch]:
    data = b"".join([header(Position(0, 0), _MARK), *records])
    form = MarkedFormat(_MARK)

    def read(at: int, size: int) -> bytes:
        return data[at : at + size]

    known = pieces(form, read, len(data), 0)
    end = Position(len(data), 2**62)
    for batch, _ in decoded(form, read, known, Position(0, 0), end, skips=True):
        yield batch


class SqliteQueue:
    """A table of records with a write-ahead log and one commit per batch."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._records = Records()
        self._database = sqlite3.connect(folder / "queue.db", isolation_level=None)
        # NORMAL: commits survive a crash of the process; checkpoints are synced to disk.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE IF NOT EXISTS queue (id INTEGER PRIMARY KEY, b BLOB)")

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        self._database.execute("INSERT INTO queue (b) VALUES (?)", (self._records.encode(batch),))

    def sync(self) -> None:
        """Sync everything to disk."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def read(self) -> Iterator[Batch]:
        """Yield everything that is queued."""
        rows = self._database.execute("SELECT b FROM queue ORDER BY id")
        return _decode(record for (record,) in rows)


class PersistQueue:
    """The file queue of persist-queue, which flushes at each put."""

    def __init__(self, folder: Path) -> None:
        self._records = Records()
        self._queue: Any = importlib.import_module("persistqueue").Queue(str(folder))

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        self._queue.put(self._records.encode(batch))

    def sync(self) -> None:
        """Do nothing."""

    def read(self) -> Iterator[Batch]:
        """Yield everything that is queued."""
        return _decode(self._queue.get() for _ in range(self._queue.qsize()))


QUEUES: dict[str, Callable[[Path], Queue]] = {
    "lmaster's segments": SegmentQueue,
    "SQLite WAL, one commit per batch": SqliteQueue,
    "persist-queue": PersistQueue,
}


def batches(count: int) -> Iterator[Batch]:
    """Yield *count* scrapes of nodes with the same series."""
    metrics = [f"fructosa_cpu_time_seconds_total.{n}.user" for n in range(_SERIES)]
    paths = [[f"cluster.node{n:03}.{metric}" for metric in metrics] for n in range(_NODES)]
    for number in range(count):
        points = [(path, number + 0.25) for path in paths[number % _NODES]]
        yield Batch(1_800_000_000 + number, 10, points)


def append_all(queue: Queue, count: int) -> float:
    """Append *count* scrapes and sync once a second; return the CPU seconds that this took."""
    scrapes = list(batches(count))
    synced_s = time.perf_counter()
    started_s = time.process_time()
    for batch in scrapes:
        queue.append(batch)
        if (now_s := time.perf_counter()) - synced_s >= 1:
            queue.sync()
            synced_s = now_s
    queue.sync()
    return time.process_time() - started_s


def append_and_report(name: str, folder: Path) -> None:
    """Append until killed, and print the count after each scrape: the child's main function."""
    queue = QUEUES[name](folder)
    synced_s = time.monotonic()
    for number, batch in enumerate(batches(10**6), 1):
        queue.append(batch)
        print(number, flush=True)
        if time.monotonic() - synced_s >= 1:
            queue.sync()
            synced_s = time.monotonic()


def survivors(name: str, folder: Path) -> str:
    """Kill a child that appends; return how many of the scrapes that it had reported are left."""
    command = [sys.executable, "-m", __spec__.name, "--child", name, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        output = child.stdout or []
        for line in output:
            if int(line) >= _SCRAPES_BEFORE_KILL:
                break
        child.send_signal(signal.SIGKILL)
        reported = _SCRAPES_BEFORE_KILL + sum(1 for _ in output)
    try:
        left = sum(1 for _ in QUEUES[name](folder).read())
    except Exception as error:  # noqa: BLE001 - an error of a peer is a result
        return f"unreadable: {type(error).__name__}"
    return f"{min(left, reported)} of {reported} scrapes"


def measure(name: str, folder: Path, count: int) -> tuple[float, float, float, str]:
    """Return CPU ns per point to append and to read, bytes per point, and what a kill leaves."""
    queue = QUEUES[name](folder / "speed")
    append_s = append_all(queue, count)
    size = sum(file.stat().st_size for file in (folder / "speed").rglob("*") if file.is_file())
    started_s = time.process_time()
    points = sum(map(len, queue.read()))
    read_s = time.process_time() - started_s
    if points != count * _SERIES:
        raise SystemExit(f"{name}: read {points} of {count * _SERIES} points")
    return (
        append_s / points * 1e9,
        read_s / points * 1e9,
        size / points,
        survivors(name, folder / "killed"),
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.queueing", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="do a tenth of the work: a test, not a result"
    )
    parser.add_argument("--folder", type=Path, help="where to write (default: a temporary folder)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        append_and_report(arguments.child[0], Path(arguments.child[1]))
        return 0
    count = 1_000 if arguments.quick else 10_000
    rows = []
    first: tuple[float, float, float, str] | None = None
    for name in QUEUES:
        with tempfile.TemporaryDirectory(prefix="bench-queue-", dir=arguments.folder) as folder:
            try:
                append_ns, read_ns, size, left = measured = measure(name, Path(folder), count)
            except ImportError:
                print(f"{name} is not installed: skipped", file=sys.stderr)
                continue
        first = first or measured
        rows.append(
            (
                name,
                f"{append_ns:.0f} ns",
                f"{first[0] / append_ns:.2f} {TIMES}",
                f"{read_ns:.0f} ns",
                f"{first[1] / read_ns:.2f} {TIMES}",
                f"{size:.1f}",
                left,
            )
        )
    head = ("queue", "append, CPU/point", "ratio", "read, CPU/point", "ratio", "bytes/point")
    print(table((*head, "left after kill -9"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
