"""Slurm's lists: which runs begin and end with them."""

from fructosa_bridge.jobs.names import RunKey
from fructosa_bridge.slurm_output.sacct import EndedJob

from .known_jobs import T0, only, record
from .pages import ended, page, running


def test_a_list_that_could_not_be_read_closes_nothing(ledger):
    """slurmctld is down, or PrivateData hides the jobs."""
    ledger.see_jobs([record(7)], T0)
    for minute in range(10):
        ledger.see_jobs(None, T0 + 60 * minute)

    assert not only(ledger).is_over


def test_a_job_that_vanishes_has_no_end_and_no_state(ledger):
    """slurmctld has lost its state; an empty list twice is believed."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_jobs([], T0 + 60)
    once = only(ledger).is_over
    ledger.see_jobs([], T0 + 120)
    run = only(ledger)

    assert (False, True, None, None) == (once, run.is_over, run.state, run.ended_s)
    assert "no longer lists" in run.marks[0]


def test_the_end_of_a_vanished_job_is_what_its_nodes_say(ledger):
    """If all of them have told."""
    ledger.see_jobs([record(7, nodes="n[1-2]")], T0)
    ledger.see_page("n1", page(ended(7, ago_s=10), sequence=1), T0 + 60)
    for minute in (2, 3):
        ledger.see_jobs([], T0 + 60 * minute)
    before = only(ledger).ended_s
    ledger.see_page("n2", page(ended(7, ago_s=150), sequence=1), T0 + 200)

    assert (None, T0 + 50) == (before, only(ledger).ended_s)


def test_a_job_stays_open_while_its_nodes_have_it(ledger):
    """Slurm has forgotten it, but it runs."""
    ledger.see_jobs([record(7)], T0)
    for minute in range(1, 6):
        ledger.see_page("n1", page(running(7, 60.0 * minute)), T0 + 60 * minute)
        ledger.see_jobs([], T0 + 60 * minute)

    assert not only(ledger).is_over


def test_a_vanished_job_that_is_listed_again_is_the_same_run(ledger):
    """Its end is then known."""
    ledger.see_jobs([record(7)], T0)
    for minute in (1, 2):
        ledger.see_jobs([], T0 + 60 * minute)
    ledger.see_jobs([record(7, T0, T0 + 100, "FAILED", exit_code=768)], T0 + 180)
    run = only(ledger)

    assert ("FAILED", T0 + 100, "3:0", ()) == (run.state, run.end_s, run.exit_code, run.marks)


def test_an_id_that_is_used_again_is_another_run(ledger):
    """Slurm has begun at its first id again, or lost its state."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(running(7, 60.0, 50.0)), T0 + 60)
    ledger.see_jobs([record(7, T0 + 5000, submit_s=T0 + 4990, user="bob")], T0 + 5010)
    ledger.see_page("n1", page(running(7, 20.0, 5.0), boot_id="b", instance="b"), T0 + 5020)

    assert [("ada", None, 50.0), ("bob", "RUNNING", 5.0)] == [
        (run.user, run.state, run.parts["n1"].cpu_s) for run in ledger.runs
    ]


def test_jobs_that_wait_are_no_runs(ledger):
    """Nor are those that were cancelled before they had a node."""
    ledger.see_jobs(
        [record(7, None, state="PENDING"), record(8, T0, T0, "CANCELLED", nodes="")], T0
    )

    assert [] == ledger.runs


def test_a_job_that_completes_has_an_end_but_no_final_state(ledger):
    """Its nodes are not done with it; a requeue that follows leaves it that end."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_jobs([record(7, T0, T0 + 50, "COMPLETING", nodes="n1")], T0 + 60)
    before = only(ledger).is_over
    ledger.see_jobs([record(7, None, None, "PENDING", restarts=1)], T0 + 120)

    assert (False, True, "REQUEUED", T0 + 50) == (
        *(before, only(ledger).is_over),
        *(only(ledger).state, only(ledger).ended_s),
    )


def accounted(*records, sluid=None):
    """Return records as sacct has them before Slurm 25.11: it does not say how often it began."""
    return [EndedJob(one._replace(restarts=""), sluid) for one in records]


def test_accounting_tells_how_a_vanished_job_ended(ledger):
    """It is the run that was open."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(ended(7, ago_s=20, cpu_s=5.0), sequence=1), T0 + 120)
    for minute in (60, 61):
        ledger.see_jobs([], T0 + 60 * minute)
    over = record(7, T0, T0 + 100, "FAILED", exit_code=768)

    ledger.see_ended(accounted(over), T0 + 3700)

    run = only(ledger)
    assert ("FAILED", T0 + 100, "3:0", ()) == (run.state, run.end_s, run.exit_code, run.marks)
    assert 5.0 == run.parts["n1"].cpu_s


def test_accounting_does_not_end_what_goes_on(ledger):
    """An earlier run of a requeued job, and the runs of others."""
    first = record(7, T0, T0 + 100, "REQUEUED")
    ledger.see_jobs([record(7, T0 + 300, submit_s=T0 + 110, restarts=1), record(8)], T0 + 400)

    ledger.see_ended(accounted(first), T0 + 400)

    assert [(7, 0, "REQUEUED", T0 + 100), (7, 1, "RUNNING", None), (8, 0, "RUNNING", None)] == (
        sorted((one.key.job_id, one.key.restart, one.state, one.end_s) for one in ledger.runs)
    )


def test_runs_of_one_job_are_counted_where_accounting_does_not(ledger):
    """From the last that is known, in memory or in the archive; each has its own submission."""
    ledger.see_jobs([record(7, restarts=3)], T0)
    ended_runs = [
        record(job_id, T0 + 100 * n, T0 + 100 * n + 50, "COMPLETED", T0 + 100 * n - 60)
        for job_id in (7, 8)
        for n in (2, 0, 1)
    ]

    ledger.see_ended(accounted(*ended_runs), T0 + 900, {RunKey("c1", 8, T0 - 90, 1): True})

    assert [(7, 3), (7, 4), (7, 5), (8, 2), (8, 3), (8, 4)] == sorted(
        (run.key.job_id, run.key.restart) for run in ledger.runs
    )


def test_what_is_known_is_not_taken_again(ledger):
    """slurmctld listed its end, or it is archived and dropped."""
    over = record(7, T0, T0 + 50, "COMPLETED", restarts=1)
    ledger.see_jobs([over], T0 + 60)
    ledger.see_page("n1", page(ended(7, ago_s=10), sequence=1), T0 + 60)
    ledger.written(ledger.batch(T0 + 61), T0 + 61)

    ledger.see_ended(accounted(over), T0 + 70)
    is_written = only(ledger).is_written
    ledger.written(ledger.batch(T0 + 200), T0 + 200)
    ledger.see_ended(accounted(over), T0 + 210)

    assert (True, []) == (is_written, ledger.runs)


def test_accounting_of_newer_versions_has_restarts_and_sluids(ledger):
    """By the SLUID the figures of nodes are found, whose folders are called so."""
    ledger.see_page("n1", page(ended("sEKNKTV3WPV500", ago_s=20), sequence=1), T0 + 70)
    over = record(7, T0, T0 + 50, "COMPLETED", restarts=4)

    ledger.see_ended([EndedJob(over, "sEKNKTV3WPV500")], T0 + 70)

    assert (4, ["n1"]) == (only(ledger).key.restart, list(only(ledger).parts))


def test_a_job_that_never_began_is_no_run_of_accounting_either(ledger):
    """It was cancelled while it waited."""
    ledger.see_ended(accounted(record(7, T0, T0, "CANCELLED", nodes="")), T0 + 60)

    assert [] == ledger.runs
