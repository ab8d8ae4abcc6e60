"""The writer of the archive: an SQLite database in WAL mode, in a folder of lmaster's alone.

Each batch is one transaction, and is synced to disk. A kill at any moment loses nothing that was
committed; while the disk refuses writes, the ledger keeps what could not be written.
"""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from fructosa_service.errors import ServiceError

from ..jobs.names import RunKey
from ..jobs.node_parts import JobAgent
from ..jobs.runs import JobRun
from ..model.errors import ArchiveError
from .blobs import decode_run, run_of_view
from .rows import ArchiveRows, RunRow, run_view
from .schema import NODE_COLUMNS, RUN_COLUMNS, prepare

log = logging.getLogger(__name__)

FILE = "jobs.sqlite"
LOCK = "lock"
# Its presence says that SQLite found the file damaged: it is set aside at the next start.
DAMAGED_MARK = "damaged"
_WAIT_S = 10.0
_WRITE_WAIT_S = 2.0  # what is not written now is tried again; those who ask wait for it
_MOST_LOG_BYTES = 64 * 2**20
_LONG_S = 31 * 86_400  # a run that began earlier is hardly among those that ended lately
_DAMAGED_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

IN_USE = (
    "another lmaster uses the archive of jobs in {folder}; stop that one, or give this one its own "
    "folder with [lmaster] data directory, or --data"
)
CANNOT_OPEN = (
    "cannot open the archive of jobs, {path}: {reason}; jobs wait in memory; free disk space "
    "there, or make the folder writable for lmaster"
)
CANNOT_WRITE = (
    "cannot write the archive of jobs, {path}: {reason}; jobs wait in memory and are lost if "
    "lmaster exits; free disk space there, or make the folder writable for lmaster"
)
DAMAGED = (
    "the archive of jobs, {path}, is damaged: {reason}; restart lmaster, which sets it aside and "
    "begins a new one; what can be saved is saved by: sqlite3 {path} .recover"
)
SET_ASIDE = (
    "the archive of jobs was damaged (%s): it was set aside as %s, and a new one begins; what can "
    "be saved is saved by: sqlite3 %s .recover, or restored from a backup"
)
CANNOT_BACK_UP = "cannot back up the archive of jobs to {path}: {reason}; name a new file"

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


class JobArchive:
    """The archive: open() it, write() batches, close() it. Threads may use it one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self.set_aside: Path | None = None  # where a damaged file is now
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._log = Path(f"{self.path}-wal")
        self._log_identity: tuple[int, int] | None = None
        self._lock: int | None = None
        self._node_ids: dict[str, int] = {}

    def open(self) -> None:
        """Open or create it; a damaged file is set aside, and the log says so.

        Raises: ServiceError if another lmaster uses it; ArchiveError if it cannot be opened.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._take_lock()
            if (self.folder / DAMAGED_MARK).exists():
                self._set_aside("SQLite found it damaged while it was used")
            try:
                self._connect()
            except sqlite3.DatabaseError as error:
                self._disconnect()
                if not _is_damage(error):
                    raise
                self._set_aside(str(error))
                self._connect()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise ArchiveError(CANNOT_OPEN.format(path=self.path, reason=_reason(error))) from None
        except ArchiveError:
            self.close()
            raise

    def _take_lock(self) -> None:
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise ServiceError(IN_USE.format(folder=self.folder)) from None
        self._lock = lock

    def _connect(self) -> None:
        # SQLite gives its other files the mode of this one.
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self.path.chmod(0o600)
        database = sqlite3.connect(
            self.path, timeout=_WRITE_WAIT_S, isolation_level=None, check_same_thread=False
        )
        self._database = database
        self._identity = _identity(self.path)
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"PRAGMA journal_size_limit = {_MOST_LOG_BYTES}")
        prepare(database, self.path)
        self._log_identity = _identity(self._log)

    @property
    def is_in_place(self) -> bool:
        """Whether the file that is open is still the one at its path."""
        return self._database is None or _identity(self.path) == self._identity

    def _set_aside(self, reason: str) -> None:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = self.folder / f"{FILE}.damaged-{stamp}"
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
        (self.folder / DAMAGED_MARK).unlink(missing_ok=True)
        self.set_aside = aside
        log.error(SET_ASIDE, reason, aside, aside)

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

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        database = self._database
        if database is None:
            raise ArchiveError(CANNOT_WRITE.format(path=self.path, reason="it is not open"))
        try:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back(database)
            raise self._failure(error) from None
        except BaseException:
            self._roll_back(database)
            raise

    def _roll_back(self, database: sqlite3.Connection) -> None:
        self._node_ids.clear()  # some were perhaps not written
        with suppress(sqlite3.Error):
            if database.in_transaction:
                database.execute("ROLLBACK")

    def _failure(self, error: sqlite3.Error) -> ArchiveError:
        if _is_damage(error):
            with suppress(OSError):
                (self.folder / DAMAGED_MARK).touch(mode=0o600)
            return ArchiveError(DAMAGED.format(path=self.path, reason=error))
        return ArchiveError(CANNOT_WRITE.format(path=self.path, reason=error))

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

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        if self._database is None:
            raise ArchiveError(CANNOT_OPEN.format(path=self.path, reason="it is not open"))
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from None

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

    def _disconnect(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None
        self._node_ids.clear()

    def close(self) -> None:
        """Close it, and unlock the folder."""
        is_in_place = self.is_in_place
        self._disconnect()
        if not is_in_place and _identity(self._log) == self._log_identity:
            # It is of the file that was there before, and would damage the new one.
            for suffix in ("-wal", "-shm"):
                with suppress(OSError):
                    Path(f"{self.path}{suffix}").unlink()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def backup(path: Path, to: Path) -> None:
    """Write a copy of the archive at *path* to a new file, also while lmaster writes it.

    Raises: ArchiveError.
    """
    try:
        os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ArchiveError(CANNOT_BACK_UP.format(path=to, reason=error.strerror)) from None
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S)) as database:
            database.execute("VACUUM INTO ?", (str(to),))
    except sqlite3.Error as error:
        to.unlink(missing_ok=True)
        raise ArchiveError(CANNOT_BACK_UP.format(path=to, reason=error)) from None


def _delete(database: sqlite3.Connection, ids: Sequence[tuple[int]]) -> None:
    for table, column in (("run", "id"), ("run_node", "run_id"), ("curve", "run_id")):
        database.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)  # noqa: S608


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED_CODES


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
