"""The reader of the archive: it opens it read-only, also while lmaster writes it, or is down."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..jobs.curves import decode
from ..jobs.names import JobName, RunKey
from ..model.errors import ArchiveError
from .blobs import decode_run
from .record import run_counts
from .rows import node_view, run_view
from .schema import NODE_COLUMNS, RUN_COLUMNS, check
from .views import RunDetails, RunView, details

CANNOT_READ = (
    "cannot read the archive of jobs, {path}: {reason}; run this as root or as lmaster's user, "
    "and check that [jobs] is configured"
)
_WAIT_S = 5.0
_MOST_RUNS = 10_000
_MOST_COUNTED = 100_000  # so many runs have the jobs that are listed at once
_KEY = ", ".join(RunKey._fields)
_COLUMNS = ", ".join(f"run.{name}" for name in RUN_COLUMNS)
_NEWEST_FIRST = "ORDER BY run.sort_s DESC, run.id DESC LIMIT ?"
_ONE_OF = "(SELECT value FROM json_each(?))"
_ON_ONE_OF = (
    "EXISTS (SELECT 1 FROM run_node JOIN node ON node.id = run_node.node_id "  # noqa: S608
    f"WHERE run_node.run_id = run.id AND node.name IN {_ONE_OF})"
)
_NODES = (
    f"SELECT node.name, {', '.join(f'run_node.{name}' for name in NODE_COLUMNS)} "  # noqa: S608
    "FROM run_node JOIN node ON node.id = run_node.node_id WHERE run_id = ? "
    # Not those that say only that the run had a node.
    "AND coalesce(cpu_s, peak_bytes, own_max_bytes, began_s, end_s) IS NOT NULL "
    "ORDER BY node.name"
)


@dataclass(frozen=True, kw_only=True)
class JobQuery:
    """Which runs are asked for: all conditions that are set hold. The newest come first.

    A run has one of the *states*, and had one of the *nodes*.
    """

    user: str | None = None
    uid: int | None = None
    account: str | None = None
    states: Sequence[str] = ()
    partition: str | None = None
    nodes: Sequence[str] = ()
    since_s: float | None = None
    most: int = 100


class ArchiveReader:
    """Answers questions: each opens the file anew, so it may be replaced meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        database = None
        try:
            uri = f"{self.path.absolute().as_uri()}?mode=ro"
            database = sqlite3.connect(uri, uri=True, timeout=_WAIT_S)
            check(database, self.path)
            yield database
        except sqlite3.Error as error:
            raise ArchiveError(CANNOT_READ.format(path=self.path, reason=error)) from None
        finally:
            if database is not None:
                database.close()

    def find(self, name: JobName, uid: int | None = None) -> list[RunView]:
        """Return all runs of a job, the last one last; of an array or a heterogeneous job of all.

        With *uid* only those of this user: the others are not even read, so that they take no time.

        Raises: ArchiveError.
        """
        with self._database() as database:
            found: dict[int, tuple[Any, ...]] = {}
            for condition, *values in _conditions(name):
                if uid is not None:
                    condition, values = f"{condition} AND uid = ?", [*values, uid]
                query = f"SELECT run.id, {_COLUMNS} FROM run WHERE {condition} {_NEWEST_FIRST}"  # noqa: S608
                for run_id, *row in database.execute(query, (*values, _MOST_RUNS)):
                    found[run_id] = tuple(row)
        views = map(run_view, found.values())
        # Runs that Slurm has listed stand after those that only nodes have told of.
        return sorted(
            views, key=lambda one: (one.submit_s > 0, one.start_s or 0, one.job_id, one.restart)
        )

    def run_counts(self, runs: Sequence[RunView], uid: int | None = None) -> dict[RunKey, int]:
        """Return how many runs the job of each of *runs* has, or how many a user has of it.

        Raises: ArchiveError.
        """
        condition = f"job_id IN {_ONE_OF}"
        values: list[Any] = [json.dumps([run.job_id for run in runs])]
        if uid is not None:
            condition, values = f"{condition} AND +uid = ?", [*values, uid]
        query = f"SELECT {_KEY} FROM run WHERE {condition} {_NEWEST_FIRST}"  # noqa: S608
        with self._database() as database:
            keys = [RunKey(*row) for row in database.execute(query, (*values, _MOST_COUNTED))]
        # In the order of find().
        keys.sort(key=lambda key: key.submit_s <= 0)
        return run_counts(reversed(keys))

    def details(self, run: RunView) -> RunDetails:
        """Return the figures by node and the curves of a run.

        Raises: ArchiveError.
        """
        with self._database() as database:
            condition = "job_id = ? AND submit_s = ? AND restart = ? AND cluster = ?"
            query = f"SELECT id FROM run WHERE {condition}"  # noqa: S608
            key = (run.job_id, run.submit_s, run.restart, run.cluster)
            row = database.execute(query, key).fetchone()
            if row is None:
                return RunDetails([], {})
            nodes = [node_view(one) for one in database.execute(_NODES, row)]
            curve = database.execute("SELECT data FROM curve WHERE run_id = ?", row).fetchone()
            state = database.execute("SELECT state FROM open_run WHERE run_id = ?", row).fetchone()
        if not nodes and state is not None:
            open_run = decode_run(state[0])
            looks = [part.look_s or 0.0 for part in open_run.parts.values()]
            return details(open_run, max(looks, default=0.0))
        return RunDetails(nodes, {} if curve is None else decode(curve[0]))

    def runs(self, query: JobQuery) -> list[RunView]:
        """Return the runs that are asked for, newest first.

        Raises: ArchiveError.
        """
        tables, conditions, values, order = "run", ["1"], [], _NEWEST_FIRST
        # A plus keeps SQLite from an index: of the runs of one user it reads no others.
        plus = "" if query.uid is None else "+"
        for name in ("user", "uid", "account", "partition"):
            if (value := getattr(query, name)) is not None:
                conditions.append(f"{'' if name == 'uid' else plus}run.{name} = ?")
                values.append(value)
        if query.since_s is not None:  # also those that began before and ran then
            conditions.append("(run.end_s IS NULL OR run.end_s >= ?)")
            values.append(int(query.since_s))
        if query.states:
            conditions.append(f"{plus}run.state IN {_ONE_OF}")
            values.append(json.dumps(query.states))
        if len(query.nodes) == 1:
            # The newest of a node are those that were written last: else all of its runs are read.
            tables = "run_node CROSS JOIN run ON run.id = run_node.run_id"
            order = "ORDER BY run_node.run_id DESC LIMIT ?"
            conditions.append("run_node.node_id = (SELECT id FROM node WHERE name = ?)")
            values.append(query.nodes[0])
        elif query.nodes:
            conditions.append(_ON_ONE_OF)
            values.append(json.dumps(query.nodes))
        where = " AND ".join(conditions)
        text = f"SELECT {_COLUMNS}, run.sort_s FROM {tables} WHERE {where} {order}"  # noqa: S608
        with self._database() as database:
            rows = database.execute(text, (*values, min(query.most, _MOST_RUNS))).fetchall()
        rows.sort(key=lambda row: -row[-1])
        return [run_view(row[:-1]) for row in rows]


def _conditions(name: JobName) -> list[tuple[Any, ...]]:
    if name.sluid is not None:
        return [("sluid = ?", name.sluid)]
    if name.task is not None:
        return [("array_job_id = ? AND array_task = ?", name.job_id, name.task)]
    if name.offset is not None:
        return [("het_job_id = ? AND het_offset = ?", name.job_id, name.offset)]
    columns = ("job_id", "array_job_id", "het_job_id")
    return [(f"{column} = ?", name.job_id) for column in columns]
