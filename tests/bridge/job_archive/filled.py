"""Runs for the archive, made by a ledger as lmaster's."""

import sqlite3
from contextlib import closing, contextmanager

from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.rows import rows_of
from fructosa_bridge.job_archive.views import view
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import job_name

from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading


def opened(folder):
    """Return an archive that is open."""
    archive = JobArchive(folder / "jobs")
    archive.open()
    return archive


def ended_run(ledger, job_id=7, start_s=T0, node="n1", cpu_s=100.0, **fields):
    """Let a ledger know of a run of 100 s that has ended on one node."""
    end_s = start_s + 100
    fields = {"nodes": node} | fields
    ledger.see_jobs(
        [record(job_id, start_s, end_s, "COMPLETED", **fields)], end_s, is_complete=False
    )
    ages = {"age_s": 130.0, "reading_age_s": 30.0, "end_age_s": 30.0}
    figures = {"own_max_bytes": 3e9, "peak_bytes": 4e9, "limit_bytes": 8e9, "own_bytes": 1e9}
    one = reading(job_id, cpu_s=cpu_s, end_sequence=float(job_id), cpus=4.0, **figures, **ages)
    ledger.see_page(node, page(one, sequence=job_id, instance=f"of {node}"), end_s + 30)


def store(archive, ledger, now_s=T0 + 1000):
    """Write what a ledger has."""
    batch = ledger.batch(now_s, most=10_000)
    archive.write(rows_of(batch, now_s))
    ledger.written(batch, now_s)


def ledger_with(*job_ids):
    """Return a ledger with runs that have ended."""
    ledger = JobLedger("c1")
    for job_id in job_ids:
        ended_run(ledger, job_id)
    return ledger


def view_of(**fields):
    """Return a run that has ended, as it is shown; *fields* replace what Slurm says of it."""
    ledger = JobLedger("c1")
    ended_run(ledger, **fields)
    (run,) = ledger.batch(T0 + 1000).runs
    return view(run, T0 + 1000)


def found(archive, text="7"):
    """Return the runs of a job in the archive."""
    return ArchiveReader(archive.path).find(job_name(text))


def ids(archive):
    """Return the ids of all jobs in the archive."""
    runs = ArchiveReader(archive.path).runs(JobQuery(most=10_000))
    return sorted(run.job_id for run in runs)


@contextmanager
def sqlite(archive):
    """Open the file as any program does."""
    with closing(sqlite3.connect(archive.path)) as database:
        yield database
