"""What nodes have had, kept over a restart: else each would have a free first page again.

It is an SQLite file with a row for each target. What cannot be read or written is logged, and is no
error: it only makes first pages free.
"""

import asyncio
import logging
import sqlite3
import time
from array import array
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path

from fructosa_service.errors import visible_path

from .known_series import KnownSeries, SeriesMemory
from .series_gate import SeriesGate

log = logging.getLogger("lmaster")

FILE = "series.sqlite"
DAMAGED = "%s is damaged and set aside as %s: %s; which series nodes have had is learned again"
NOT_KEPT = (
    "which series nodes have had is not kept over a restart: cannot write %s: %s; free disk space "
    "there, or make the folder writable for lmaster"
)
CANNOT_READ = "which series nodes have had is learned again: cannot read %s: %s"

# So many targets each time, as often: a cluster that starts disturbs no scrape, and is kept within
# minutes.
_EVERY_S = 5.0
_AT_A_TIME = 200
_WAIT_S = 2.0
# A row that was not written for so long may be of a node that is no more.
_LONGEST_S = 90 * 24 * 3600
# Of another version, nothing is read.
_VERSION = 1
_TABLE = """CREATE TABLE IF NOT EXISTS targets (
    target TEXT PRIMARY KEY, saved_s INTEGER NOT NULL, series BLOB NOT NULL, kinds BLOB NOT NULL,
    left REAL NOT NULL, gone INTEGER NOT NULL) WITHOUT ROWID"""
_WRITE = "INSERT OR REPLACE INTO targets VALUES (?, ?, ?, ?, ?, ?)"
_READ = "SELECT target, series, kinds, left, gone FROM targets"

Row = tuple[bytes, bytes, float, int]


class KeptSeries:
    """The file in the data directory, and the gate whose memory it is."""

    def __init__(
        self, folder: Path, gate: SeriesGate, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = folder / FILE
        self._gate = gate
        self._clock = clock
        self._error = ""
        self._rows: dict[str, Row] = {}
        gate.recall = self._recall

    def read(self) -> None:
        """Read the file, before the first scrape."""
        if not self.path.exists():
            return
        try:
            self._rows = self._read()
        except sqlite3.OperationalError as error:
            log.warning(CANNOT_READ, visible_path(self.path), error)
        except (sqlite3.DatabaseError, ValueError) as error:
            self._set_aside(error)

    def _read(self) -> dict[str, Row]:
        with closing(self._connect()) as database:
            oldest_s = self._clock() - _LONGEST_S
            with database:
                database.execute("DELETE FROM targets WHERE saved_s < ?", (oldest_s,))
            rows = {str(target): row for target, *row in database.execute(_READ)}
        return {target: _checked(*row) for target, row in rows.items()}

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, timeout=_WAIT_S)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version not in (0, _VERSION):
                raise ValueError(f"its version is not {_VERSION}")
            database.execute(_TABLE)
            database.execute(f"PRAGMA user_version = {_VERSION}")
        except BaseException:
            database.close()
            raise
        return database

    def _set_aside(self, reason: object) -> None:
        aside = self.path.with_suffix(".broken")
        with suppress(OSError):
            self.path.rename(aside)
            for end in ("-wal", "-shm"):
                Path(f"{self.path}{end}").unlink(missing_ok=True)
        log.error(DAMAGED, visible_path(self.path), aside.name, reason)

    def _recall(self, target: str) -> SeriesMemory | None:
        """Return what is kept of a target that is scraped for the first time."""
        row = self._rows.pop(target, None)
        if row is None:
            return None
        series, kinds, left, gone = row
        return SeriesMemory(frozenset(array("q", series)), frozenset(array("q", kinds)), left, gone)

    async def keep(self) -> None:
        """Keep what is new, for ever."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.save(_AT_A_TIME)

    async def save(self, most: int = 2**31) -> None:
        """Keep what is new of *most* targets at most."""
        changed = list(self._gate.changed(most))
        if changed and not await asyncio.to_thread(self._write, changed):
            self._gate.unsaved(target for target, _ in changed)

    def _write(self, changed: Iterable[tuple[str, KnownSeries]]) -> bool:
        now_s = int(self._clock())
        rows = [(target, now_s, *_row(known.memory)) for target, known in changed]
        try:
            with closing(self._connect()) as database, database:
                database.executemany(_WRITE, rows)
        except (sqlite3.Error, ValueError) as error:
            self._failed(error)
            return False
        self._error = ""
        return True

    def _failed(self, error: Exception) -> None:
        """Log why the file cannot be written, once for each reason; set it aside if damaged."""
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        ):
            self._set_aside(error)
        elif str(error) != self._error:
            log.error(NOT_KEPT, visible_path(self.path), error)
        self._error = str(error)


def _row(memory: SeriesMemory) -> Row:
    series, kinds, left, gone = memory
    return array("q", series).tobytes(), array("q", kinds).tobytes(), left, gone


def _checked(series: object, kinds: object, left: object, gone: object) -> Row:
    """Return a row as it was written. Raises: ValueError."""
    size = array("q").itemsize
    if not isinstance(series, bytes) or not isinstance(kinds, bytes):
        raise ValueError("a row has no numbers")
    if len(series) % size or len(kinds) % size:
        raise ValueError("a row is incomplete")
    if not isinstance(left, float) or not isinstance(gone, int) or gone < 0 or not left >= 0:
        raise ValueError("a row has another number")
    return series, kinds, left, gone
