"""Whatever Slurm and agents say, nothing fails from the ledger to the archive and to JSON."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fructosa_bridge.job_archive.archive import JobArchive
from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.record import record as json_record
from fructosa_bridge.job_archive.rows import rows_of
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.page import JobReading
from fructosa_bridge.slurm_output.records import JobRecord

from ..jobs.known_jobs import T0, record
from ..jobs.pages import SERIES, page

times = st.integers(T0 - 100, T0 + 1000).map(str) | st.sampled_from(["0", "9" * 18, "N/A", ""])
texts = st.text(max_size=8) | st.sampled_from(["n1", "n[1-3]", "RUNNING", "9" * 18, "1", "1G"])
fields = {
    **dict.fromkeys(JobRecord._fields, texts),
    **dict.fromkeys(("submit_time", "start_time", "end_time"), times),
    "job_id": st.integers(1, 3).map(str),
    "state": st.sampled_from(["RUNNING", "COMPLETED", "PENDING", "COMPLETING", "FAILED", "x", ""]),
    "nodes": st.sampled_from(["n1", "n[1-2]", "", "(null)", "n[1-", "n2"]),
    "restarts": st.sampled_from(["0", "1", "", "x"]),
}
records = st.builds(
    lambda changes: record(1)._replace(**changes), st.fixed_dictionaries({}, optional=fields)
)
ages = st.none() | st.floats(0, 1e10) | st.floats(0, 1000)
numbers = st.none() | st.floats(0, 2.0**63 - 4096)
readings = st.builds(
    JobReading,
    st.integers(1, 3).map(str),
    st.sampled_from(["", "n2"]),
    st.sampled_from(["", "1", "2"]),
    **{name: ages if name.endswith("age_s") else numbers for name in SERIES},
)
pages = st.lists(readings, max_size=3, unique_by=lambda one: one[:3])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("list"), st.lists(records, max_size=3)),
        st.tuples(st.just("page"), pages),
        st.tuples(st.just("write"), st.just(None)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def archive():
    """An archive in RAM, as it is written often."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        found = JobArchive(Path(folder))
        found.open()
        yield found
        found.close()


@settings(max_examples=100)
@given(steps)
def test_nothing_fails(archive, history):
    """And what is stored can be shown."""
    ledger = JobLedger("c1")
    for number, (what, values) in enumerate(history):
        now_s = T0 + 30.0 * number
        if what == "list":
            ledger.see_jobs(values, now_s)
        elif what == "page":
            found = page(*values, instance="ab"[number % 2], sequence=number)
            ledger.see_page("n1", found, now_s)
        else:
            batch = ledger.batch(now_s)
            archive.write(rows_of(batch, now_s))
            ledger.written(batch, now_s)
    archive.write(rows_of(ledger.batch(T0 + 9999.0), T0 + 9999.0))
    reader = ArchiveReader(archive.path)
    for run in reader.runs(JobQuery()):
        json.dumps(json_record(run))
        assert 0 <= run.coverage <= 1
        reader.details(run)
    assert archive.open_runs() is not None
