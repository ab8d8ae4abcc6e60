"""`python -m benchmarks.bridge.queueing`: the queue on disk beside SQLite and persist-queue.

Each appends the same scrapes, brings them to the disk once a second, and reads all back; then a
child that appends is killed with SIGKILL, and what it had said to have appended is looked for.
persist-queue is measured where it can be imported: PYTHONPATH may name where it is installed.
"""

import argparse
import importlib
import pickle
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from benchmarks.exporter.table import TIMES, table
from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.segments import Segments, sync

_NODES, _SERIES = 50, 500
_KILLED_AFTER = 500


class Queue(Protocol):
    """What is compared: append, bring to the disk, read back."""

    def append(self, batch: Batch) -> None:
        """Queue a batch."""

    def sync(self) -> None:
        """Bring all to the disk."""

    def read(self) -> Iterator[Batch]:
        """Read all that is queued."""


class Own:
    """lmaster's segments."""

    def __init__(self, folder: Path) -> None:
        self._segments = Segments(folder, 2**34, 1e9)
        self._segments.open()

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        self._segments.append(batch)

    def sync(self) -> None:
        """Bring all to the disk."""
        sync(self._segments.to_sync())

    def read(self) -> Iterator[Batch]:
        """Read all that is queued."""
        place = self._segments.start
        while place < self._segments.end:
            taken, place = self._segments.read(place, self._segments.end, 10_000)
            for batch, _ in taken:
                yield batch


class Sqlite:
    """A table of pickled batches, write-ahead log, a commit for each batch or each second."""

    def __init__(self, folder: Path, commits_each: bool = True) -> None:
        folder.mkdir(exist_ok=True)
        self._commits_each = commits_each
        self._database = sqlite3.connect(folder / "queue.db", isolation_level=None)
        # NORMAL: commits survive the end of the process, checkpoints are brought to the disk.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE IF NOT EXISTS queue (id INTEGER PRIMARY KEY, b BLOB)")
        self._begin()

    def _begin(self) -> None:
        if not self._commits_each:
            self._database.execute("BEGIN")

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        blob = pickle.dumps((batch.time_s, batch.interval_s, batch.points), 5)
        self._database.execute("INSERT INTO queue (b) VALUES (?)", (blob,))

    def sync(self) -> None:
        """Bring all to the disk."""
        if not self._commits_each:
            self._database.execute("COMMIT")
        self._database.execute("PRAGMA wal_checkpoint")
        self._begin()

    def read(self) -> Iterator[Batch]:
        """Read all that is queued."""
        for (blob,) in self._database.execute("SELECT b FROM queue ORDER BY id"):
            yield Batch(*pickle.loads(blob))  # noqa: S301 - it is our own


class SqliteBySecond(Sqlite):
    """The same, a commit a second."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, commits_each=False)


class PersistQueue:
    """persist-queue's queue of pickles in files, as it comes."""

    def __init__(self, folder: Path) -> None:
        self._queue: Any = importlib.import_module("persistqueue").Queue(str(folder))

    def append(self, batch: Batch) -> None:
        """Queue a batch."""
        self._queue.put((batch.time_s, batch.interval_s, batch.points))

    def sync(self) -> None:
        """Do nothing: it flushes at each put."""

    def read(self) -> Iterator[Batch]:
        """Read all that is queued."""
        while self._queue.qsize():
            yield Batch(*self._queue.get())


QUEUES: dict[str, Callable[[Path], Queue]] = {
    "own segments": Own,
    "SQLite WAL, commit a batch": Sqlite,
    "SQLite WAL, commit a second": SqliteBySecond,
    "persist-queue": PersistQueue,
}


def batches(count: int) -> Iterator[Batch]:
    """Yield so many scrapes: nodes that say the same series again and again."""
    metrics = [f"fructosa_cpu_time_seconds_total.{n}.user" for n in range(_SERIES)]
    paths = [[f"cluster.node{n:03}.{metric}" for metric in metrics] for n in range(_NODES)]
    for number in range(count):
        points = [(path, number + 0.25) for path in paths[number % _NODES]]
        yield Batch(1_800_000_000 + number, 10, points)


def append_all(queue: Queue, count: int) -> float:
    """Append *count* scrapes, on the disk once a second; return how long that took in all."""
    made = list(batches(count))
    began_s = synced_s = time.perf_counter()
    for batch in made:
        queue.append(batch)
        if (now_s := time.perf_counter()) - synced_s >= 1:
            queue.sync()
            synced_s = now_s
    queue.sync()
    return time.perf_counter() - began_s


def append_and_tell(name: str, folder: Path) -> None:
    """Append for ever, and say how many: what the killed child does."""
    queue = QUEUES[name](folder)
    synced_s = time.monotonic()
    for number, batch in enumerate(batches(10**6), 1):
        queue.append(batch)
        print(number, flush=True)
        if time.monotonic() - synced_s >= 1:
            queue.sync()
            synced_s = time.monotonic()


def survivors(name: str, folder: Path) -> str:
    """Kill a child that appends; tell how much of what it had appended is there."""
    command = [sys.executable, "-m", __spec__.name, "--child", name, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        output = child.stdout or []
        for line in output:
            if int(line) >= _KILLED_AFTER:
                break
        child.send_signal(signal.SIGKILL)
        said = _KILLED_AFTER + sum(1 for _ in output)
    try:
        there = sum(1 for _ in QUEUES[name](folder).read())
    except Exception as error:  # noqa: BLE001 - what a peer raises over its torn file is a result
        return f"unreadable: {type(error).__name__}"
    return f"{min(there, said)} of {said} scrapes"


def measure(name: str, folder: Path, count: int) -> tuple[float, float, float, str]:
    """Return points/s appended, points/s read, bytes a point, and what survives."""
    queue = QUEUES[name](folder / "speed")
    append_s = append_all(queue, count)
    size = sum(file.stat().st_size for file in (folder / "speed").rglob("*") if file.is_file())
    began_s = time.perf_counter()
    points = sum(map(len, queue.read()))
    read_s = time.perf_counter() - began_s
    if points != count * _SERIES:
        raise SystemExit(f"{name}: {points} points came back of {count * _SERIES}")
    return points / append_s, points / read_s, size / points, survivors(name, folder / "killed")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.bridge.queueing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of it: to try it")
    parser.add_argument("--folder", type=Path, help="where to write (default: the temporary one)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        append_and_tell(arguments.child[0], Path(arguments.child[1]))
        return 0
    count = 1_000 if arguments.quick else 10_000
    rows = []
    own: tuple[float, float, float, str] | None = None
    for name in QUEUES:
        with tempfile.TemporaryDirectory(prefix="bench-queue-", dir=arguments.folder) as folder:
            try:
                found = measure(name, Path(folder), count)
            except ImportError:
                print(f"{name} is not installed here, and left out", file=sys.stderr)
                continue
        own = own or found
        rows.append(
            (
                name,
                f"{found[0]:,.0f}",
                f"{own[0] / found[0]:.1f} {TIMES}",
                f"{found[1]:,.0f}",
                f"{own[1] / found[1]:.1f} {TIMES}",
                f"{found[2]:.1f}",
                found[3],
            )
        )
    head = ("queue", "append, points/s", "own is", "read back, points/s", "own is", "bytes/point")
    print(table((*head, "there after kill -9"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
