"""Slurm's lists: which runs begin and end with them."""

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
