"""The archive of jobs, as lmaster writes it, and what it reads at its start.

Each batch is one transaction. While the disk refuses writes, the ledger keeps what could not be
written.
"""

import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..jobs.names import RunKey
from ..jobs.node_parts import JobAgent
from ..jobs.runs import JobRun
from ..model.errors import ArchiveError
from .archive_file import ArchiveFile
from .blobs import decode_run, run_of_view
from .rows import ArchiveRows, RunRow, run_view
from .schema import NODE_COLUMNS, RUN_COLUMNS

log = logging.getLogger(__name__)

_LONG_S = 31 * 86_400  # a run that began earlier is hardly among those that ended lately

_ALL = ", ".join((*RUN_COLUMNS, "sort_s"))
_KEY = ("cluster", "job_id", "submit_s", "restart")
_OF_SLURM = (
    *RUN_COLUMNS[len(_KEY) : RUN_COLUMNS.index("cpu_s")],
    *("gpus", "gpu_busy_s", "energy_joules", "sort_s"),
)


def _upsert(columns: Sequence[str]) -> str:
    marks = ", ".join("?" * (len(RUN_COLUMNS) + 1))
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return (
        f"INSERT INTO run ({_ALL}) VALUES ({marks}) "  # noqa: S608 - names of columns
        f"ON CONFLICT (job_id, submit_s, restart, cluster) DO UPDATE SET {changes} RETURNING id"
    )


_WRITE = _upsert((*RUN_COLUMNS[len(_KEY) :], "sort_s"))
# Of a run that was archived with figures, and is told again without them, only Slurm's side is new.
_WRITE_OF_SLURM = _upsert(_OF_SLURM)
_WRITE_NODE = (
    f"INSERT OR REPLACE INTO run_node (node_id, run_id, {', '.join(NODE_COLUMNS)}) "  # noqa: S608
    f"VALUES (?, ?, {', '.join('?' * len(NODE_COLUMNS))})"
)
# Without figures, so that a run is found by its nodes while it is open, or if they say nothing.
_LIST_NODE = "INSERT OR IGNORE INTO run_node (node_id, run_id, coverage) VALUES (?, ?, 0)"
_WHERE_KEY = "cluster = ? AND job_id = ? AND submit_s = ? AND restart = ?"
_OPEN_RUNS = (
    f"SELECT open_run.state, {', '.join(f'run.{name}' for name in RUN_COLUMNS)} "  # noqa: S608
    "FROM open_run JOIN run ON run.id = open_run.run_id"
)
_KEYS = (
    "SELECT cluster, job_id, submit_s, restart, "
    # That a run was requeued is concluded from lists, and its end is what its nodes say.
    "is_over AND end_s IS NOT NULL AND state IS NOT NULL AND state != 'REQUEUED' FROM run "
    "WHERE job_id = ? AND cluster = ? AND submit_s >= ?"
)
_CLOSE = f"DELETE FROM open_run WHERE run_id = (SELECT id FROM run WHERE {_WHERE_KEY})"  # noqa: S608


class JobArchive(ArchiveFile):
    """The archive: open() it, write() batches, close() it. Threads may use it one at a time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._node_ids: dict[str, int] = {}

    def open(self) -> None:
        """Open or create it; a damaged file is set aside, and the log says so.

        Raises: ServiceError if another lmaster uses it; ArchiveError if it cannot be opened.
        """
        self._node_ids.clear()
        super().open()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with super()._transaction() as database:
                yield database
        except BaseException:
            self._node_ids.clear()  # some were perhaps not written
            raise

    def write(self, rows: ArchiveRows) -> None:
        """Write a batch: all of it or nothing.

        Raises: ArchiveError; the message says what to do.
        """
        with self._transaction() as database:
            for key in rows.removed:
                query = f"SELECT id FROM run WHERE {_WHERE_KEY}"  # noqa: S608
                ids = database.execute(query, key).fetchall()
                _delete(database, ids)
                database.executemany("DELETE FROM open_run WHERE run_id = ?", ids)
            for row in rows.runs:
                self._write_run(database, row)
            database.executemany(_CLOSE, rows.closed)
            database.executemany("INSERT OR REPLACE INTO agent VALUES (?,?,?,?,?,?)", rows.agents)
            if rows.known is not None:
                database.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", rows.known)

    def _write_run(self, database: sqlite3.Connection, row: RunRow) -> None:
        statement = _WRITE if row.has_figures else _WRITE_OF_SLURM
        (run_id,) = database.execute(statement, row.columns).fetchone()
        database.execute("INSERT OR REPLACE INTO open_run VALUES (?, ?)", (run_id, row.state))
        if row.listed:
            listed = [(self._node_id(database, node), run_id) for node in row.listed]
            database.executemany(_LIST_NODE, listed)
        if row.nodes:
            nodes = ((self._node_id(database, node), run_id, *rest) for node, *rest in row.nodes)
            database.executemany(_WRITE_NODE, nodes)
        if row.curves is not None:
            database.execute("INSERT OR REPLACE INTO curve VALUES (?, ?)", (run_id, row.curves))

    def _node_id(self, database: sqlite3.Connection, name: str) -> int:
        known = self._node_ids.get(name)
        if known is None:
            database.execute("INSERT OR IGNORE INTO node (name) VALUES (?)", (name,))
            query = "SELECT id FROM node WHERE name = ?"
            (known,) = database.execute(query, (name,)).fetchone()
            self._node_ids[name] = known
        return known

    def open_runs(self) -> list[JobRun]:
        """Return the runs that the ledger had in memory; of a damaged one, what its row says."""
        found = []
        for state, *row in self._read(_OPEN_RUNS):
            try:
                found.append(decode_run(state))
            except ArchiveError as error:
                run = run_of_view(run_view(row))
                log.warning("%s: job %s: %s; its figures are lost", self.path, run.id, error)
                found.append(run)
        return found

    def agents(self) -> list[JobAgent]:
        """Return the agents, each with the number after which it is to be asked."""
        return [JobAgent(*row) for row in self._read("SELECT * FROM agent")]

    def keys_since(self, time_s: float, most: int = 200_000) -> list[RunKey]:
        """Return the keys of runs that ended since then, and are not open: Slurm may list them."""
        query = (
            "SELECT cluster, job_id, submit_s, restart FROM run WHERE is_over AND end_s >= ? "
            "AND sort_s >= ? AND id NOT IN (SELECT run_id FROM open_run) "
            "ORDER BY sort_s DESC LIMIT ?"
        )
        return [RunKey(*row) for row in self._read(query, int(time_s), int(time_s) - _LONG_S, most)]

    def keys_of(self, cluster: str, job_ids: Iterable[int], since_s: float) -> dict[RunKey, bool]:
        """Return the runs of some jobs that were submitted since a time.

        Of each, whether it is known when and how it ended.
        """
        since = int(since_s)
        rows = (self._read(_KEYS, job_id, cluster, since) for job_id in job_ids)
        return {RunKey(*key): bool(is_known) for of_job in rows for *key, is_known in of_job}

    def known_until_s(self, cluster: str) -> float | None:
        """Return until when the jobs of a cluster are known, None if none ever were."""
        rows = self._read("SELECT until_s FROM known WHERE cluster = ?", cluster)
        return float(rows[0][0]) if rows else None

    def size_bytes(self) -> int:
        """Return the size of what it holds."""
        ((pages,),) = self._read("PRAGMA page_count")
        ((free,),) = self._read("PRAGMA freelist_count")
        ((size,),) = self._read("PRAGMA page_size")
        return int((pages - free) * size)

    def expire(self, before_s: float, keep_bytes: int | None = None, most: int = 500) -> int:
        """Delete the oldest runs, at most so many: those before a time, or while it is too large.

        Return how many; the caller repeats it until there are none. Runs that are open stay.

        Raises: ArchiveError.
        """
        is_large = keep_bytes is not None and self.size_bytes() > keep_bytes
        condition = "" if is_large else "AND sort_s < ?"
        query = (
            "SELECT id FROM run WHERE is_over "  # noqa: S608 - the condition is one of two
            f"AND id NOT IN (SELECT run_id FROM open_run) {condition} ORDER BY sort_s LIMIT ?"
        )
        values = (most,) if is_large else (int(before_s), most)
        ids = [(run_id,) for (run_id,) in self._read(query, *values)]
        if ids:
            with self._transaction() as database:
                _delete(database, ids)
            self._read("PRAGMA incremental_vacuum(1000)")
        return len(ids)


def _delete(database: sqlite3.Connection, ids: Sequence[tuple[int]]) -> None:
    for table, column in (("run", "id"), ("run_node", "run_id"), ("curve", "run_id")):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)  # noqa: S608
