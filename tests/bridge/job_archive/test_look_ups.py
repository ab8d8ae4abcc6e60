"""Questions to the archive."""

import pytest

from fructosa_bridge.job_archive.look_ups import ArchiveReader, JobQuery
from fructosa_bridge.job_archive.record import key_of, run_counts
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import job_name
from fructosa_bridge.model.errors import ArchiveError

from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading
from .filled import ended_run, opened, store

_ARRAY = {"array_job_id": 20}


@pytest.fixture
def reader(tmp_path):
    """A reader of an archive with jobs of many kinds."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ended_run(ledger, 7)
    ended_run(ledger, 7, T0 + 500, restarts=1)
    ended_run(ledger, 8, T0 + 1000, node="n2", user="bob", account="maths")
    ended_run(ledger, 21, T0 + 2000, array_task_id=1, **_ARRAY)
    ended_run(ledger, 20, T0 + 2100, array_task_id=2, **_ARRAY)
    ended_run(ledger, 31, T0 + 3000, het_job_id=31, het_job_offset=0)
    ended_run(ledger, 32, T0 + 3001, het_job_id=31, het_job_offset=1, partition="gpu")
    ledger.see_jobs([record(9, T0 + 4000)], T0 + 4000, {"9": "sEKNKTV3WPV500"}, is_complete=False)
    ledger.see_page("n1", page(reading(9, cpu_s=5.0, age_s=30.0), instance="b"), T0 + 4030)
    store(archive, ledger, T0 + 4040)
    yield ArchiveReader(archive.path)
    archive.close()


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("7", [(7, 0), (7, 1)]),
        ("7.0", [(7, 0), (7, 1)]),
        ("20", [(21, 0), (20, 0)]),
        ("20_1", [(21, 0)]),
        ("21", [(21, 0)]),
        ("31", [(31, 0), (32, 0)]),
        ("31+1", [(32, 0)]),
        ("sEKNKTV3WPV500", [(9, 0)]),
        ("99", []),
    ],
)
def test_a_job_is_found_by_its_id_as_people_write_it(reader, text, runs):
    """All its runs; of an array all tasks, of a heterogeneous job all parts."""
    assert runs == [(run.job_id, run.restart) for run in reader.find(job_name(text))]


def test_a_user_finds_only_their_own_runs(reader):
    """An array may be of several users, if Slurm gave its id again."""
    assert [[(21, 0), (20, 0)], [], []] == [
        [(run.job_id, run.restart) for run in reader.find(job_name(text), uid)]
        for text, uid in (("20", 1000), ("20", 1001), ("99", 1001))
    ]


@pytest.mark.parametrize(
    ("query", "job_ids"),
    [
        (JobQuery(), [9, 32, 31, 20, 21, 8, 7, 7]),
        (JobQuery(most=2), [9, 32]),
        (JobQuery(user="bob"), [8]),
        (JobQuery(uid=1000, account="maths"), [8]),
        (JobQuery(uid=1000, user="bob", states=("COMPLETED",), partition="batch"), [8]),
        (JobQuery(uid=1001), []),
        (JobQuery(states=("RUNNING",)), [9]),
        (JobQuery(states=("RUNNING", "COMPLETED"), partition="gpu"), [32]),
        (JobQuery(partition="gpu"), [32]),
        (JobQuery(nodes=("n2",)), [8]),
        (JobQuery(nodes=("n9", "n2"), user="bob"), [8]),
        (JobQuery(nodes=("n1", "n2"), most=2), [9, 32]),
        (JobQuery(nodes=("n9",)), []),
        (JobQuery(nodes=("n8", "n9")), []),
        (JobQuery(since_s=T0 + 3050), [9, 32, 31]),
        (JobQuery(user="'; DROP TABLE run; --"), []),
    ],
)
def test_jobs_are_listed_by_what_they_have_in_common(reader, query, job_ids):
    """The newest first."""
    assert job_ids == [run.job_id for run in reader.runs(query)]


def test_runs_of_listed_jobs_are_counted(reader):
    """All that are known, also those that are not listed; or only those of a user."""
    runs = reader.runs(JobQuery(most=7))

    counts = {run.job_id: reader.run_counts(runs)[key_of(run)] for run in runs}

    assert {9: 1, 32: 1, 31: 1, 20: 1, 21: 1, 8: 1, 7: 2} == counts
    assert {} == reader.run_counts(runs, uid=1234)


def test_runs_are_counted_alike_in_lists_and_for_one_job(tmp_path):
    """Also if nodes alone have told of a run, which has no time of submission."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ended_run(ledger, 7)
    ended_run(ledger, 7, T0 + 500, restarts=1)
    told = page(reading(7, cpu_s=5.0, age_s=30.0), instance="b")
    ledger.see_page("n5", told, T0 + 330)
    ledger.see_jobs([], T0 + 2000)
    store(archive, ledger, T0 + 2000)
    reader = ArchiveReader(archive.path)

    runs = reader.find(job_name("7"))

    assert reader.run_counts(runs) == run_counts(map(key_of, runs))
    archive.close()


def test_figures_by_node_and_curves_are_there(reader):
    """Of a run that has ended."""
    run = reader.find(job_name("8"))[0]
    found = reader.details(run)

    assert [("n2", 100.0, 4e9, 1.0)] == [
        (one.node, one.cpu_s, one.peak_bytes, one.coverage) for one in found.nodes
    ]
    assert {"cpu n2", "memory n2"} == found.curves.keys()
    assert [1.0] == pytest.approx(found.curves["cpu n2"].values[:1])


def test_they_are_there_of_an_open_run_too(reader):
    """As they were when it was last written."""
    run = reader.find(job_name("9"))[0]
    found = reader.details(run)

    assert (False, [("n1", 5.0)]) == (run.is_over, [(one.node, one.cpu_s) for one in found.nodes])
    assert {"cpu n1"} == found.curves.keys()


def test_without_an_archive_the_error_says_what_to_do(tmp_path):
    """And no file is created."""
    with pytest.raises(ArchiveError, match=r"\[jobs\] is configured"):
        ArchiveReader(tmp_path / "none").find(job_name("7"))
    assert [] == list(tmp_path.iterdir())


def test_a_node_finds_jobs_that_run_there_or_of_which_it_said_nothing(tmp_path):
    """At their first write; figures are not made of that."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7, nodes="n[1-3]"), record(8, nodes="n2")], T0)
    store(archive, ledger, T0 + 1)
    reader = ArchiveReader(archive.path)

    found = reader.runs(JobQuery(nodes=("n2",)))

    assert {7, 8} == {run.job_id for run in found}
    assert [] == list(reader.details(found[0]).nodes)
    archive.close()


def test_nodes_that_a_job_gets_later_are_found_too(tmp_path):
    """And those whose figures come at its end are as they were."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7, nodes="n1")], T0)
    store(archive, ledger, T0 + 1)
    ledger.see_jobs([record(7, nodes="n[1-2]")], T0 + 60)
    ended_run(ledger, 7, node="n1", nodes="n[1-2]")
    store(archive, ledger, T0 + 1000)
    reader = ArchiveReader(archive.path)

    (run,) = reader.runs(JobQuery(nodes=("n2",)))

    assert ["n1"] == [one.node for one in reader.details(run).nodes]
    archive.close()
