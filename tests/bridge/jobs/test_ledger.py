"""The runs of now: Slurm's records and the pages of nodes, joined."""

import pytest

from fructosa_bridge.jobs.coverage import coverage
from fructosa_bridge.jobs.ledger import JobLedger, LedgerLimits
from fructosa_bridge.jobs.names import JobName

from .known_jobs import T0, record
from .pages import page, reading


def ended(job_id=7, ago_s=10.0, age_s=60.0, sequence=1, cpu_s=50.0, **values):
    """Return the last reading of a job that has ended."""
    ages = {"age_s": age_s, "reading_age_s": ago_s, "end_age_s": ago_s}
    return reading(job_id, cpu_s=cpu_s, end_sequence=sequence, peak_bytes=1e6, **ages, **values)


def running(job_id=7, age_s=60.0, cpu_s=50.0, **values):
    """Return a reading of a job that runs."""
    return reading(job_id, cpu_s=cpu_s, age_s=age_s, reading_age_s=0.0, peak_bytes=1e6, **values)


@pytest.fixture
def ledger():
    """An empty ledger."""
    return JobLedger("c1")


def only(ledger):
    """Return the one run in a ledger."""
    (run,) = ledger.runs
    return run


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


def test_a_node_may_report_a_job_before_slurm_lists_it(ledger):
    """It may even have ended by then: what its page says waits."""
    ledger.see_page("n1", page(ended(7, ago_s=5, age_s=8, cpu_s=3.0), sequence=1), T0 + 8)
    ledger.see_jobs([record(7, T0, T0 + 3, "COMPLETED")], T0 + 30)
    run = only(ledger)

    assert (3.0, True, 1.0) == (run.parts["n1"].cpu_s, run.is_over, coverage(run, T0 + 60))


def test_a_node_may_report_an_end_after_slurm_does(ledger):
    """The run waits for it."""
    ledger.see_jobs([record(7)], T0 + 10)
    ledger.see_page("n1", page(running(7, 20.0, 20.0)), T0 + 20)
    ledger.see_jobs([record(7, T0, T0 + 40, "COMPLETED")], T0 + 50)
    before = coverage(only(ledger), T0 + 50)
    ledger.see_page("n1", page(ended(7, ago_s=20, age_s=60, cpu_s=39.0), sequence=1), T0 + 60)

    assert (0.5, 1.0, 39.0) == (
        before,
        coverage(only(ledger), T0 + 60),
        only(ledger).parts["n1"].cpu_s,
    )


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


def test_a_requeue_is_another_run_also_if_the_agent_was_restarted_meanwhile(ledger):
    """It does not know that there was one; its page waits for Slurm's list."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(running(7, 60.0, 50.0)), T0 + 60)
    ledger.see_page("n1", page(running(7, 20.0, 4.0), instance="b"), T0 + 140)
    ledger.see_jobs([record(7, T0 + 120, restarts=1)], T0 + 150)
    ledger.see_page("n1", page(running(7, 50.0, 30.0), instance="b"), T0 + 170)

    assert [50.0, 30.0] == [run.parts["n1"].cpu_s for run in ledger.runs]


def test_an_agent_that_takes_two_runs_for_one_is_split(ledger):
    """It polls, and has seen no end: the next run has what was used since."""
    ledger.see_jobs([record(7)], T0)
    ledger.see_page("n1", page(running(7, 60.0, 50.0)), T0 + 60)
    ledger.see_jobs([record(7, T0 + 90, restarts=1)], T0 + 100)
    for second in (120, 150, 180, 210):
        ledger.see_page("n1", page(running(7, second, second - 10.0)), T0 + second)

    one, two = ledger.runs
    assert (140.0, 60.0, True) == (
        one.parts["n1"].cpu_s,
        two.parts["n1"].cpu_s,
        two.parts["n1"].is_shared,
    )


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


def test_a_job_between_two_looks_is_seen_when_it_has_ended(ledger):
    """Slurm lists it for some minutes, and the agent keeps it."""
    ledger.see_jobs([record(7, T0, T0 + 1, "COMPLETED")], T0 + 30)
    ledger.see_page("n1", page(ended(7, ago_s=29, age_s=30, cpu_s=0.9), sequence=1), T0 + 30)

    assert (0.9, 1.0) == (only(ledger).parts["n1"].cpu_s, coverage(only(ledger), T0 + 60))


def test_each_agent_is_asked_for_what_is_new(ledger):
    """An agent that was restarted is asked once more, for all it has."""
    asked = [ledger.after("n1")]
    for instance, sequence in (("a", 5), ("a", 9), ("b", 2), ("b", 2), ("b", 3)):
        ledger.see_page("n1", page(instance=instance, sequence=sequence), T0)
        asked.append(ledger.after("n1"))

    assert [None, 5, 9, None, 2, 3] == asked


def test_a_restarted_agent_that_was_asked_for_all_is_not_asked_again(ledger):
    """Its page was whole."""
    for instance in ("a", "b", "c"):
        ledger.see_page("n1", page(instance=instance, sequence=4), T0)

    assert 4 == ledger.after("n1")


def test_several_slurmd_on_a_host_are_several_nodes(ledger):
    """The page of the host has the jobs of all of them."""
    ledger.see_jobs([record(7, nodes="n[1-2]")], T0)
    ledger.see_page(
        "host",
        page(running(7, slurmd="n1", cpu_s=1.0), running(7, slurmd="n2", cpu_s=2.0)),
        T0 + 60,
    )

    assert {"n1": 1.0, "n2": 2.0} == {name: part.cpu_s for name, part in only(ledger).parts.items()}


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

    assert (2, 3, 0) == (ledger.counts.refused, ledger.counts.unclaimed, ledger._waiting_count)


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


def test_open_runs_are_written_again_after_a_while(ledger):
    """A kill then loses some minutes of a curve, and nothing else."""
    ledger.see_jobs([record(7)], T0)
    found = [len(ledger.batch(T0 + second).runs) for second in (0, 100, 299, 300, 400)]

    assert [1, 0, 0, 1, 0] == found
