"""The tables of the archive of jobs, and the way from each version of them to the next."""

import sqlite3

from ..model.errors import ArchiveError
from .views import NodeView, RunView

# "FRUC" in ASCII: file(1) and others tell the file by it.
APPLICATION_ID = 0x46525543
NEWER = (
    "{path} was written by a newer lmaster (its schema is {found}, this lmaster knows {known}); "
    "upgrade lmaster, or move the file away"
)
NOT_OURS = "{path} is an SQLite database, but not an archive of jobs; move it away"

# A column holds the field of a RunView of its name. Of lists the names are joined by commas, of
# notes by newlines. Times are whole seconds: Slurm has no others.
_FIRST = """
CREATE TABLE run (
  id INTEGER PRIMARY KEY,
  cluster TEXT NOT NULL, job_id INTEGER NOT NULL, submit_s INTEGER NOT NULL,
  restart INTEGER NOT NULL, sluid TEXT, array_job_id INTEGER, array_task INTEGER,
  het_job_id INTEGER, het_offset INTEGER, user TEXT, uid INTEGER, account TEXT, partition TEXT,
  qos TEXT, name TEXT, state TEXT, exit_code TEXT, reason TEXT, nodes TEXT NOT NULL,
  start_s INTEGER, end_s INTEGER, is_over INTEGER NOT NULL, cpus INTEGER, gpu_count INTEGER,
  memory_asked_bytes INTEGER, time_limit_s INTEGER, cpu_s REAL, oom_kills INTEGER,
  stalled_cpu_s REAL, stalled_memory_s REAL, stalled_io_s REAL, memory_limit_bytes INTEGER,
  memory_own_max_bytes INTEGER, memory_peak_bytes INTEGER, gpus TEXT, gpu_busy_s REAL,
  energy_joules REAL, coverage REAL NOT NULL, wasted_core_hours REAL, wasted_gpu_hours REAL,
  wasted_gb_hours REAL, notes TEXT NOT NULL,
  sort_s INTEGER NOT NULL
);
CREATE UNIQUE INDEX run_key ON run (job_id, submit_s, restart, cluster);
CREATE INDEX run_array ON run (array_job_id, array_task) WHERE array_job_id IS NOT NULL;
CREATE INDEX run_het ON run (het_job_id) WHERE het_job_id IS NOT NULL;
CREATE INDEX run_sluid ON run (sluid) WHERE sluid IS NOT NULL;
CREATE INDEX run_user ON run (user, sort_s);
CREATE INDEX run_uid ON run (uid, sort_s);
CREATE INDEX run_account ON run (account, sort_s);
CREATE INDEX run_sort ON run (sort_s);
CREATE TABLE node (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE run_node (
  node_id INTEGER NOT NULL, run_id INTEGER NOT NULL, cpus REAL, cpu_s REAL,
  own_max_bytes INTEGER, peak_bytes INTEGER, limit_bytes INTEGER, oom_kills INTEGER,
  began_s REAL, end_s REAL, coverage REAL NOT NULL, gpus TEXT,
  PRIMARY KEY (run_id, node_id)
) WITHOUT ROWID;
CREATE INDEX run_node_node ON run_node (node_id, run_id);
CREATE TABLE curve (run_id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE open_run (run_id INTEGER PRIMARY KEY, state BLOB NOT NULL);
CREATE TABLE agent (
  node TEXT PRIMARY KEY, instance TEXT NOT NULL, boot_id TEXT NOT NULL, since_s REAL NOT NULL,
  page_s REAL NOT NULL, after INTEGER
) WITHOUT ROWID;
"""
# Until when Slurm's jobs are known: what ended since then is asked for after a gap.
_SECOND = """
CREATE TABLE known (cluster TEXT PRIMARY KEY, until_s REAL NOT NULL) WITHOUT ROWID;
"""
# The statements that lead from each version to the next one, the first from an empty file.
MIGRATIONS = (_FIRST, _SECOND)
VERSION = len(MIGRATIONS)

RUN_COLUMNS = RunView._fields
NODE_COLUMNS = NodeView._fields[1:]


def prepare(database: sqlite3.Connection, path: object) -> None:
    """Make the tables, or bring them to the version of this lmaster: all or nothing.

    Raises: ArchiveError if a newer lmaster wrote the file, or it is not an archive.
    """
    found = version(database)
    check(database, path)
    for number, statements in enumerate(MIGRATIONS[found:], start=found + 1):
        try:
            database.executescript(
                f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {number}; "
                f"PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )
        except sqlite3.Error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise


def check(database: sqlite3.Connection, path: object) -> None:
    """Raise ArchiveError if this lmaster cannot read the file."""
    found = version(database)
    (tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    if tables and application != APPLICATION_ID:
        raise ArchiveError(NOT_OURS.format(path=path))
    if found > VERSION:
        raise ArchiveError(NEWER.format(path=path, found=found, known=VERSION))


def version(database: sqlite3.Connection) -> int:
    """Return the version of the tables; 0 is an empty file."""
    (found,) = database.execute("PRAGMA user_version").fetchone()
    return int(found)
