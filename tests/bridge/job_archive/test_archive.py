"""The archive of jobs: what is written is found again."""

import pytest

from fructosa_bridge.job_archive.look_ups import ArchiveReader
from fructosa_bridge.job_archive.rows import ArchiveRows
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.names import job_name

from ..jobs.known_jobs import T0, record
from ..jobs.pages import page, reading
from .filled import ended_run, found, ids, ledger_with, opened, sqlite, store


def test_what_is_written_is_there_after_a_restart(tmp_path):
    """With the agents, each with the number to ask for next."""
    first = opened(tmp_path)
    store(first, ledger_with(7))
    first.close()
    second = opened(tmp_path)

    (run,) = found(second)
    assert (100.0, "COMPLETED", ("n1",), 1.0) == (run.cpu_s, run.state, run.nodes, run.coverage)
    assert [("n1", "of n1", 7)] == [(one.node, one.instance, one.after) for one in second.agents()]


def test_a_run_that_is_written_again_is_one_row(tmp_path):
    """Its end comes later than its start, and a node's last page later still."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    store(archive, ledger, T0 + 1)
    before = found(archive)
    ended_run(ledger, 7)
    store(archive, ledger)

    assert [["RUNNING"], ["COMPLETED"]] == [
        [run.state for run in runs] for runs in (before, found(archive))
    ]


def test_figures_are_kept_if_slurm_tells_a_run_again(tmp_path):
    """As sacct does after a restart; the ledger has dropped the run long ago."""
    archive = opened(tmp_path)
    store(archive, ledger_with(7))
    ledger = JobLedger("c1")
    ledger.see_jobs([record(7, T0, T0 + 100, "FAILED")], T0 + 2000)
    store(archive, ledger, T0 + 2000)

    assert [("FAILED", 100.0, 1.0)] == [
        (run.state, run.cpu_s, run.coverage) for run in found(archive)
    ]


def test_the_ledger_goes_on_with_open_runs(tmp_path):
    """Totals go on too, as an agent may be restarted while lmaster is down."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    ended = reading(7, cpu_s=40.0, age_s=50.0, reading_age_s=9.0, end_age_s=9.0, end_sequence=1.0)
    ledger.see_page("n1", page(ended, sequence=1), T0 + 50)
    store(archive, ledger, T0 + 50)
    archive.close()

    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.restore(archive.open_runs(), archive.agents(), archive.keys_since(0))
    after = ledger.after("n1")
    ledger.see_jobs([record(7)], T0 + 600)
    ledger.see_page("n1", page(reading(7, cpu_s=5.0, age_s=20.0), instance="b"), T0 + 640)
    ledger.see_jobs([record(7)], T0 + 660)
    ledger.see_page("n1", page(reading(7, cpu_s=6.0, age_s=50.0), instance="b"), T0 + 670)

    (run,) = ledger.runs
    assert (1, 46.0) == (after, run.parts["n1"].cpu_s)


def test_a_run_that_is_closed_is_no_longer_open(tmp_path):
    """But its key is known: Slurm may list it for some time."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    store(archive, ledger, T0 + 200)
    kept = len(archive.open_runs())
    store(archive, ledger, T0 + 400)
    store(archive, ledger, T0 + 401)

    assert (1, [], [7]) == (
        kept,
        archive.open_runs(),
        [key.job_id for key in archive.keys_since(0)],
    )


def test_after_an_hour_away_the_end_of_a_job_is_what_its_node_says(tmp_path):
    """Slurm has forgotten the job, and there is no slurmdbd."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(reading(7, cpu_s=30.0, age_s=30.0)), T0 + 30)
    store(archive, ledger, T0 + 30)
    archive.close()

    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.restore(archive.open_runs(), archive.agents(), archive.keys_since(0))
    now_s = T0 + 3600
    ages = {"age_s": 3600.0, "reading_age_s": 3500.0, "end_age_s": 3500.0}
    ended = reading(7, cpu_s=95.0, end_sequence=1.0, **ages)
    ledger.see_page("n1", page(ended, sequence=1), now_s)
    for second in (0, 60):
        ledger.see_jobs([], now_s + second)
    store(archive, ledger, now_s + 61)

    (run,) = found(archive)
    assert (95.0, None, T0 + 100, 1.0) == (run.cpu_s, run.state, run.end_s, run.coverage)
    assert "no longer lists" in run.notes[0]


def test_a_damaged_state_of_an_open_run_loses_its_figures_only(tmp_path, caplog):
    """The run itself is known by its row, and ends once Slurm no longer lists it."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    ledger.see_jobs([record(7)], T0)
    store(archive, ledger, T0)
    archive._database.execute("UPDATE open_run SET state = x'00'")
    (run,) = archive.open_runs()
    ledger = JobLedger("c1")
    ledger.restore([run], [])
    for minute in (1, 2):
        ledger.see_jobs([], T0 + 60 * minute)
    store(archive, ledger, T0 + 121)

    (found_run,) = found(archive)
    assert ("ada", ("n1",), None, True) == (
        *(found_run.user, found_run.nodes, found_run.state, found_run.is_over),
    )
    assert "job 7: an open run in the archive of jobs is damaged" in caplog.text


@pytest.mark.parametrize("value", [2.0**62, 2.0**63, 2.0**64])
def test_numbers_that_no_machine_has_do_not_keep_other_runs_from_being_written(tmp_path, value):
    """A node may report anything; SQLite takes whole numbers below 2^63."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    strange = reading(8, cpu_s=value, own_max_bytes=value, peak_bytes=value, oom_kills=value)
    ledger.see_jobs([record(8, T0, T0 + 100, "COMPLETED")], T0 + 100, is_complete=False)
    for node in ("n1", "n2"):
        ledger.see_page(node, page(strange, instance=f"strange {node}"), T0 + 90)

    store(archive, ledger)

    assert [7, 8] == sorted(ids(archive))
    (run,) = ArchiveReader(archive.path).find(job_name("8"))
    assert min(value, 2**63 - 1) <= run.memory_own_max_bytes < 2**63


def test_old_runs_expire_in_small_steps(tmp_path):
    """By age; open ones stay."""
    archive, ledger = opened(tmp_path), JobLedger("c1")
    for number in range(10):
        ended_run(ledger, 100 + number, T0 + 1000 * number)
    ledger.see_jobs([record(7)], T0 - 5000, is_complete=False)
    store(archive, ledger, T0 + 20_000)
    store(archive, ledger, T0 + 20_001)

    steps = [archive.expire(T0 + 5000, most=2) for _ in range(4)]

    assert [2, 2, 1, 0] == steps
    assert [7, *range(105, 110)] == ids(archive)
    with sqlite(archive) as database:
        assert [(6,)] == database.execute("SELECT count(*) FROM run_node").fetchall()
        assert [(5,)] == database.execute("SELECT count(*) FROM curve").fetchall()


def test_the_oldest_runs_expire_while_the_archive_is_too_large(tmp_path):
    """And the file shrinks."""
    archive, ledger = opened(tmp_path), ledger_with(*range(100, 1100))
    store(archive, ledger, T0 + 20_000)
    store(archive, ledger, T0 + 20_001)
    before = archive.size_bytes()

    while archive.expire(0, keep_bytes=before // 2, most=100):
        pass

    assert archive.size_bytes() <= before // 2
    assert 200 < len(ids(archive)) < 800


def test_runs_that_turned_out_to_be_others_are_deleted(tmp_path):
    """With all that belongs to them."""
    archive, ledger = opened(tmp_path), ledger_with(7)
    store(archive, ledger)
    (key,) = [run.key for run in archive.open_runs()]

    archive.write(ArchiveRows([], [], [], removed=[key]))

    with sqlite(archive) as database:
        counts = [
            database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("run", "run_node", "curve", "open_run")
        ]
    assert [0, 0, 0, 0] == counts


def test_until_when_the_jobs_of_a_cluster_are_known_is_kept(tmp_path):
    """None, if they never were."""
    archive = opened(tmp_path)
    before = archive.known_until_s("c1")
    for until_s in (T0, T0 + 60.5):
        archive.write(ArchiveRows([], [], [], known=("c1", until_s)))

    assert (None, T0 + 60.5, None) == (
        *(before, archive.known_until_s("c1")),
        archive.known_until_s("c2"),
    )
