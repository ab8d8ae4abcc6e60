"""The runs in memory."""

import sys
import threading

import pytest

from fructosa_bridge.jobs.names import RunKey, job_name
from fructosa_bridge.jobs.run_table import RunTable
from fructosa_bridge.jobs.runs import AWAITED_S, JobRun

from .known_jobs import T0, record


def run_of(job_id=7, restart=0, **fields):
    """Return a run."""
    run = JobRun(RunKey("c1", job_id, T0, restart))
    run.take(record(job_id, **fields))
    return run


@pytest.mark.parametrize(
    ("text", "job_ids"),
    [("7", [7]), ("20", [20, 21]), ("20_1", [21]), ("31+0", [31]), ("31", [31]), ("99", [])],
)
def test_a_job_is_found_as_in_the_archive(text, job_ids):
    """By its id as people write it."""
    table = RunTable()
    for run in (
        run_of(7),
        run_of(20, array_job_id=20, array_task_id=2),
        run_of(21, array_job_id=20, array_task_id=1),
        run_of(31, het_job_id=31, het_job_offset=0),
    ):
        table.add(run, str(run.key.job_id))

    assert job_ids == sorted(run.key.job_id for run in table.find(job_name(text)))


def test_a_sluid_is_of_one_run():
    """Until it is dropped."""
    table, run = RunTable(), run_of(7)
    table.add(run, "7")
    table.name(run, "sEKNKTV3WPV500")
    found = list(table.of_entry("sEKNKTV3WPV500"))
    table.drop(run)

    assert ([run], (), []) == (found, table.of_entry("sEKNKTV3WPV500"), table.runs)


def test_a_run_that_is_dropped_while_slurm_lists_it_is_done():
    """It is no new run when it is listed again."""
    table, run = RunTable(), run_of(7)
    table.add(run, "7")
    table.drop(run)

    assert ({run.key: 0}, {}) == (table.done, table.current)


@pytest.fixture
def hasty_threads():
    """Let threads give way to one another all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_any_thread_may_ask_how_many_runs_there_are(hasty_threads):
    """The page of metrics does, while the keeper's thread adds and drops runs."""
    table, runs = RunTable(), [run_of(number) for number in range(1000)]

    def change():
        for _ in range(50):
            for run in runs:
                table.add_past(run)
            for run in runs:
                table.drop(run)

    thread, counts = threading.Thread(target=change), []
    thread.start()
    while thread.is_alive():
        counts.append(table.count)

    assert 0 <= min(counts) < max(counts) <= 1000


def test_ended_runs_that_wait_for_nodes_are_bounded():
    """Those that ended first go first."""
    table = RunTable()
    for number in range(5):
        run = run_of(number)
        run.is_over, run.is_written, run.over_since_s = True, True, T0 + number
        table.add(run, str(number))

    assert [0, 1] == [run.key.job_id for run in table.to_drop(T0 + 10, most=3)]


def test_a_run_whose_nodes_do_not_tell_of_its_end_is_written_once_more():
    """Until then its notes say that they will."""
    table, run = RunTable(), run_of(1)
    run.is_over, run.is_written, run.over_since_s, run.written_s = True, True, T0, T0
    table.add(run, "1")

    assert [] == table.to_write(9, T0, T0 + AWAITED_S - 1)[0]
    assert [run] == table.to_write(9, T0, T0 + AWAITED_S)[0]
    run.written_s = T0 + AWAITED_S
    assert [] == table.to_write(9, T0, T0 + 1000)[0]


def test_changes_are_written_before_checkpoints():
    """And not all at once."""
    table = RunTable()
    for number in range(6):
        run = run_of(number)
        run.is_written, run.written_s = number % 2 == 0, T0
        table.add(run, str(number))

    first, is_all = table.to_write(2, T0, T0)
    everything, is_all_now = table.to_write(9, T0, T0)

    assert ([1, 3], False) == ([run.key.job_id for run in first], is_all)
    assert ([1, 3, 5, 0, 2, 4], True) == ([run.key.job_id for run in everything], is_all_now)
