"""The runs of now: Slurm's records and the pages of nodes, joined."""

import pytest

from fructosa_bridge.jobs.coverage import coverage
from fructosa_bridge.jobs.ledger import JobLedger, LedgerLimits
from fructosa_bridge.jobs.names import JobName

from .known_jobs import T0, only, record
from .pages import ended, page, running


def test_a_job_is_joined_by_its_id_and_its_time(ledger):
    """Slurm says whose it is, the node what it used."""
    ledger.see_jobs([record(7)], T0 + 10)
    ledger.see_page("n1", page(running(7, age_s=29.0, cpu_s=50.0)), T0 + 30)
    run = only(ledger)

    assert ("c1", 7, T0 - 60, 0) == run.key
    assert ("ada", "physics", "RUNNING", T0, ("n1",), 50.0) == (
        *(run.user, run.account, run.state, run.start_s, run.nodes),
        run.parts["n1"].cpu_s,
    )


@pytest.mark.parametrize("resubmitted", [T0 - 60, T0 + 100])
def test_a_requeue_on_the_same_node_is_another_run(ledger, resubmitted):
    """The node says so, and so does Slurm; some versions set the time of submission anew."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(running(7, 60.0, 50.0)), T0 + 60)
    again = running(7, 20.0, 4.0, restart="1")
    first = ended(7, ago_s=40, age_s=140, cpu_s=90.0)
    ledger.see_page("n1", page(again, first, sequence=1), T0 + 140)
    ledger.see_jobs([record(7, T0 + 120, submit_s=resubmitted, restarts=1)], T0 + 150)
    ledger.see_page("n1", page(again._replace(age_s=50.0, cpu_s=30.0), sequence=1), T0 + 170)

    one, two = ledger.runs
    assert ((0, 90.0, "REQUEUED", T0 + 100), (1, 30.0, "RUNNING", None)) == tuple(
        (run.key.restart, run.parts["n1"].cpu_s, run.state, run.ended_s) for run in (one, two)
    )


def test_a_job_between_two_looks_is_seen_when_it_has_ended(ledger):
    """Slurm lists it for some minutes, and the agent keeps it."""
    ledger.see_jobs([record(7, T0, T0 + 1, "COMPLETED")], T0 + 30)
    ledger.see_page("n1", page(ended(7, ago_s=29, age_s=30, cpu_s=0.9), sequence=1), T0 + 30)

    assert (0.9, 1.0) == (only(ledger).parts["n1"].cpu_s, coverage(only(ledger), T0 + 60))


def test_a_sluid_is_resolved_by_slurm(ledger):
    """It is unique for each run."""
    ledger.see_page("n1", page(running("sEKNKTV3WPV500", 30.0, 5.0)), T0 + 30)
    ledger.see_jobs([record(7)], T0 + 60, sluids={"7": "sEKNKTV3WPV500"})

    assert (5.0, [only(ledger)]) == (
        only(ledger).parts["n1"].cpu_s,
        ledger.find(JobName(sluid="sEKNKTV3WPV500")),
    )


def test_what_waits_for_slurm_is_bounded_and_dropped_after_a_while():
    """Both is counted."""
    ledger = JobLedger("c1", limits=LedgerLimits(waiting=3))
    ledger.see_page("n1", page(*map(running, range(5))), T0)
    ledger.see_jobs([], T0 + 3000)

    assert (2, 3, 0) == (ledger.counts.refused, ledger.counts.unclaimed, ledger.waiting)


def test_a_run_is_dropped_once_all_is_known_and_written(ledger):
    """Slurm lists it for a while: that is no new run."""
    over = record(7, T0, T0 + 50, "COMPLETED")
    ledger.see_jobs([over], T0 + 60)
    ledger.see_page("n1", page(ended(7, ago_s=10), sequence=1), T0 + 60)
    first = ledger.batch(T0 + 61)
    ledger.written(first, T0 + 61)
    kept = len(ledger.runs)
    ledger.written(ledger.batch(T0 + 200), T0 + 200)
    ledger.see_jobs([over], T0 + 210)

    assert (1, 1, []) == (len(first.runs), kept, ledger.runs)
    assert [first.runs[0].key] == ledger.batch(T0 + 220).closed


def test_what_could_not_be_written_is_in_the_next_batch(ledger):
    """The disk is full; agents wait too."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(running(7), sequence=3), T0 + 60)
    first = ledger.batch(T0 + 60)
    ledger.not_written(first)
    again = ledger.batch(T0 + 61)

    assert first.runs == again.runs
    assert [("n1", 3)] == [(agent.node, after) for agent, after in again.agents]


def test_agents_are_written_only_with_all_ends_that_they_told(ledger):
    """Else a kill would skip those: in several batches, and while one waits for Slurm."""
    ledger.see_jobs([record(7), record(8)], T0)
    ledger.see_page(
        "n1",
        page(ended(7, sequence=4), ended(8, sequence=5), ended(9, sequence=6), sequence=6),
        T0 + 60,
    )

    first, second = ledger.batch(T0 + 60, most=1), ledger.batch(T0 + 60, most=1)

    assert [] == first.agents
    assert [("n1", 5)] == [(agent.node, after) for agent, after in second.agents]


def test_an_agent_is_written_once_while_an_end_waits(ledger):
    """Else there would always be a next batch."""
    for sequence in (5, 6):
        ledger.see_page("n1", page(ended(sequence, sequence=sequence), sequence=sequence), T0)
    batches = [ledger.batch(T0) for _ in range(3)]
    ledger.see_jobs([record(5, T0 - 60)], T0)
    after = ledger.batch(T0)

    assert [[4], [], []] == [[number for _, number in batch.agents] for batch in batches]
    assert [5] == [number for _, number in after.agents]


def test_open_runs_are_written_again_after_a_while(ledger):
    """A kill then loses some minutes of a curve, and nothing else."""
    ledger.see_jobs([record(7)], T0)
    found = [len(ledger.batch(T0 + second).runs) for second in (0, 100, 890, 900, 1000)]

    assert [1, 0, 0, 1, 0] == found


def test_runs_that_wait_for_the_disk_are_bounded():
    """The oldest are lost, and counted; open ones stay."""
    ledger = JobLedger("c1", limits=LedgerLimits(unwritten=2))
    ledger.see_jobs([record(9)], T0)
    for number in range(4):
        over = record(number, T0, T0 + number, "COMPLETED")
        ledger.see_jobs([over], T0 + number, is_complete=False)
    ledger.not_written(ledger.batch(T0 + 60))

    assert ([2, 3, 9], 2) == (sorted(run.key.job_id for run in ledger.runs), ledger.counts.lost)
