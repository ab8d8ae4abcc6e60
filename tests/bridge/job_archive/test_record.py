"""A run as JSON."""

import json
from datetime import timedelta, timezone
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.job_archive.record import all_records, record, records, run_counts
from fructosa_bridge.job_archive.views import view
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import RunKey
from fructosa_bridge.jobs.runs import JobRun

from ..jobs.known_jobs import T0, only
from ..jobs.known_jobs import record as squeue_record
from ..jobs.pages import ended, page


def test_it_has_all_that_is_known_under_names_that_stay():
    """Programs read it; times have their zone."""
    ledger = JobLedger("c1")
    fields = {"exit_code": 768, "array_job_id": 5, "array_task_id": 2}
    ledger.see_jobs([squeue_record(7, T0, T0 + 60, "FAILED", **fields)], T0 + 60)
    one = ended(7, ago_s=10, age_s=70, own_max_bytes=5e5, limit_bytes=8e6)
    ledger.see_page("n1", page(one, sequence=1), T0 + 70)

    found = record(view(only(ledger), T0 + 100), runs=1, zone=timezone(timedelta(hours=1)))

    assert {
        "schema": 1,
        "cluster": "c1",
        "id": "5_2",
        "sluid": None,
        "submit": "2027-01-15T08:59:00+01:00",
        "restart": 0,
        "user": "ada",
        "account": "physics",
        "partition": "batch",
        "qos": None,
        "name": "job",
        "state": "FAILED",
        "exit_code": "3:0",
        "reason": None,
        "nodes": ["n1"],
        "start": "2027-01-15T09:00:00+01:00",
        "end": "2027-01-15T09:01:00+01:00",
        "time_limit_seconds": 3600,
        "cpus": 4,
        "cpu_seconds": 50.0,
        "stalled_seconds": {"cpu": None, "memory": None, "io": None},
        "memory_asked_bytes": 8 * 2**30,
        "memory_limit_bytes": 8_000_000,
        "memory_own_max_bytes": 500_000,
        "memory_peak_bytes": 1_000_000,
        "oom_kills": None,
        "gpus": [],
        "energy_joules": None,
        "coverage": 1.0,
        "runs": 1,
        "notes": [],
    } == json.loads(json.dumps(found))


def test_what_is_unknown_is_null():
    """Never zero, and never left out."""
    found = record(view(JobRun(RunKey("c1", 7, 0, 0)), T0))

    known = {"schema", "cluster", "id", "restart", "nodes", "coverage", "notes"}
    assert {None} == set(found.pop("stalled_seconds").values())
    assert {None} == {value for name, value in found.items() if name not in known}


def test_a_job_has_one_record_with_the_number_of_its_runs():
    """Its last run; Slurm may tell a requeue with a new time of submission."""
    runs = [RunKey("c1", 7, T0, 0), RunKey("c1", 8, T0, 0), RunKey("c1", 7, T0 + 60, 1)]

    found = records([view(JobRun(key), T0 + 99) for key in runs])

    assert [("7", 1, 2), ("8", 0, 1)] == [(one["id"], one["restart"], one["runs"]) for one in found]


def test_an_id_that_was_used_again_stands_for_its_last_job():
    """Slurm begins again after its highest id, or when it has lost its state."""
    runs = [RunKey("c1", 7, T0, 0), RunKey("c1", 7, T0, 1), RunKey("c1", 7, T0 + 900, 0)]

    (found,) = records([view(JobRun(key), T0 + 999) for key in runs])

    assert (0, 1) == (found["restart"], found["runs"])


def test_all_runs_of_an_id_can_be_shown():
    """Each with the number of runs of its own job."""
    keys = [(T0, 0), (T0, 1), (T0 + 900, 0), (T0 + 950, 0)]
    runs = [RunKey("c1", 7, *key) for key in keys]

    found = all_records([view(JobRun(key), T0 + 999) for key in runs])

    assert [(0, 2), (1, 2), (0, 1), (0, 1)] == [(one["restart"], one["runs"]) for one in found]


_KEYS = st.builds(RunKey, st.just("c1"), st.integers(0, 2), st.integers(-2, 2), st.integers(0, 2))


@given(st.lists(_KEYS, unique=True, max_size=12))
def test_each_run_is_one_of_a_job(keys):
    """No run is counted twice: one over the runs of its job, added up, is the number of jobs."""
    counts = run_counts(keys)

    jobs = sum(Fraction(1, count) for count in counts.values())

    assert set(keys) == counts.keys()
    assert jobs.denominator == 1
