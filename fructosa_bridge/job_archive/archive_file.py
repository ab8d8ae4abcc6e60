"""The file of the archive: an SQLite database in WAL mode, in a folder of lmaster's alone.

Each transaction is synced to disk. A kill at any moment loses nothing that was committed. A damaged
file is set aside.
"""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from fructosa_service.errors import ServiceError

from ..model.errors import ArchiveError
from .schema import prepare

log = logging.getLogger(__name__)

FILE = "jobs.sqlite"
LOCK = "lock"
# Its presence says that SQLite found the file damaged: it is set aside at the next start.
DAMAGED_MARK = "damaged"
_WAIT_S = 10.0
_WRITE_WAIT_S = 2.0  # what is not written now is tried again; those who ask wait for it
_MOST_LOG_BYTES = 64 * 2**20
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


class ArchiveFile:
    """A database that is opened, read and written, and closed. Threads may use it one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE
        self.set_aside: Path | None = None  # where a damaged file is now
        self._database: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._log = Path(f"{self.path}-wal")
        self._log_identity: tuple[int, int] | None = None
        self._lock: int | None = None

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
        with suppress(sqlite3.Error):
            if database.in_transaction:
                database.execute("ROLLBACK")

    def _failure(self, error: sqlite3.Error) -> ArchiveError:
        if _is_damage(error):
            with suppress(OSError):
                (self.folder / DAMAGED_MARK).touch(mode=0o600)
            return ArchiveError(DAMAGED.format(path=self.path, reason=error))
        return ArchiveError(CANNOT_WRITE.format(path=self.path, reason=error))

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        if self._database is None:
            raise ArchiveError(CANNOT_OPEN.format(path=self.path, reason="it is not open"))
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from None

    def _disconnect(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None

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


def written_s(path: Path) -> float | None:
    """Return when the archive at *path* was written last, None if it is not there.

    What was written since it was opened is in its log; one that is empty was made by a reader.
    """
    times = []
    for file in (path, Path(f"{path}-wal")):
        with suppress(OSError):
            found = file.stat()
            if found.st_size:
                times.append(found.st_mtime)
    return max(times, default=None)


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
