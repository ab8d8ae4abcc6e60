"""The pages of nodes: each entry goes to its run."""

from datetime import UTC

import pytest

from fructosa_bridge.job_archive.blobs import decode_run, encode_run
from fructosa_bridge.job_archive.views import view
from fructosa_bridge.jobs.coverage import coverage, notes
from fructosa_bridge.jobs.ledger import JobLedger
from fructosa_bridge.jobs.node_pages import REQUEUED_UNSEEN, UNCLAIMED
from fructosa_bridge.slurm_output.sacct import EndedJob

from .known_jobs import T0, only, record
from .pages import ended, page, running


def test_a_node_may_report_a_job_before_slurm_lists_it(ledger):
    """It may even have ended by then: what its page says waits."""
    ledger.see_page("n1", page(ended(7, ago_s=5, age_s=8, cpu_s=3.0), sequence=1), T0 + 8)
    ledger.see_jobs([record(7, T0, T0 + 3, "COMPLETED")], T0 + 30)
    run = only(ledger)

    assert (3.0, True, 1.0) == (run.parts["n1"].cpu_s, run.is_over, coverage(run, T0 + 60))


def test_a_node_may_report_an_end_after_slurm_does(ledger):
    """The run waits for it; until then its last second is not known either, as Slurm rounds."""
    ledger.see_jobs([record(7)], T0 + 10)
    ledger.see_page("n1", page(running(7, 20.0, 20.0)), T0 + 20)
    ledger.see_jobs([record(7, T0, T0 + 40, "COMPLETED")], T0 + 50)
    before = coverage(only(ledger), T0 + 50)
    ledger.see_page("n1", page(ended(7, ago_s=20, age_s=60, cpu_s=39.0), sequence=1), T0 + 60)

    assert (0.475, 1.0, 39.0) == (
        before,
        coverage(only(ledger), T0 + 60),
        only(ledger).parts["n1"].cpu_s,
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


def test_a_job_of_three_nodes_of_which_one_dies_and_one_agent_is_restarted(ledger):
    """Each node has its own figures; what is missing is said."""
    ledger.see_jobs([record(7, nodes="n[1-3]")], T0)
    for node in ("n1", "n2", "n3"):
        ledger.see_page(node, page(running(7, 60.0, 50.0), instance=node), T0 + 60)
    for node, instance in (("n1", "n1"), ("n2", "new")):
        ledger.see_page(node, page(running(7, 300.0, 250.0), instance=instance), T0 + 300)
    ledger.see_jobs([record(7, T0, T0 + 600, "NODE_FAIL", nodes="n[1-3]")], T0 + 610)
    for node, instance in (("n1", "n1"), ("n2", "new")):
        last = ended(7, ago_s=20, age_s=620, cpu_s=500.0)
        ledger.see_page(node, page(last, instance=instance, sequence=1), T0 + 620)
    run = only(ledger)

    assert {"n1": 500.0, "n2": 500.0, "n3": 50.0} == {
        name: part.cpu_s for name, part in run.parts.items()
    }
    assert (1 + 1 + 59 / 600) / 3 == pytest.approx(coverage(run, T0 + 700))
    assert ["n3 fell silent at 2027-01-15T08:01:00+00:00: figures until then"] == notes(
        run, T0 + 700, UTC
    )


def test_a_job_that_slurm_never_told_of_becomes_a_run_of_an_unknown_owner(ledger):
    """With all its nodes; what it used is not lost, and who it was is not guessed."""
    for node, cpu_s in (("n1", 5.0), ("n2", 6.0)):
        ledger.see_page(node, page(ended(7, cpu_s=cpu_s, age_s=3100, ago_s=3000)), T0 + 3000)
    ledger.see_jobs([], T0 + 3890)
    before = ledger.runs
    ledger.see_jobs([], T0 + 3901)

    run = only(ledger)
    assert [] == before
    assert (True, None, None, (UNCLAIMED,)) == (run.is_over, run.uid, run.state, run.marks)
    assert (True, T0) == (run.is_unclaimed, run.ended_s)
    assert {"n1": 5.0, "n2": 6.0} == {name: part.cpu_s for name, part in run.parts.items()}
    assert (2, 0) == (ledger.counts.unclaimed, ledger.waiting)


@pytest.mark.parametrize("is_listed_first", [True, False])
def test_a_run_before_a_requeue_that_slurm_never_listed_is_of_the_owner_of_the_job(
    ledger, is_listed_first
):
    """It began and ended between two lists; that it was requeued follows from the count."""
    later = record(7, T0 + 200, restarts=1)
    ledger.see_page("n1", page(ended(7, cpu_s=5.0, age_s=90, ago_s=10)), T0 + 100)
    if is_listed_first:
        ledger.see_jobs([later], T0 + 210)
    ledger.see_jobs([later], T0 + 1010)
    ledger.see_jobs([later], T0 + 1020)

    first, second = sorted(ledger.runs, key=lambda run: run.start_s)
    assert ("ada", 1000, "physics", "job") == (first.user, first.uid, first.account, first.name)
    assert ("REQUEUED", (REQUEUED_UNSEEN,)) == (first.state, first.marks)
    assert (T0 + 10, T0 + 90, 5.0) == (first.start_s, first.ended_s, first.parts["n1"].cpu_s)
    assert ("RUNNING", {}) == (second.state, second.parts)


def test_a_job_that_was_not_requeued_had_no_run_before(ledger):
    """Its id was used again: whose the other job was is not guessed."""
    ledger.see_page("n1", page(ended(7, cpu_s=5.0, age_s=90, ago_s=10)), T0 + 100)
    ledger.see_jobs([record(7, T0 + 200)], T0 + 1010)

    first, _ = sorted(ledger.runs, key=lambda run: run.start_s)
    assert (None, None, (UNCLAIMED,)) == (first.user, first.state, first.marks)


def test_it_is_joined_when_slurm_tells_of_it(ledger):
    """What was archived before is deleted."""
    ledger.see_page("n1", page(ended(7, age_s=3100, ago_s=3000), sequence=1), T0 + 3100)
    ledger.see_jobs([], T0 + 4001)
    first = ledger.batch(T0 + 4001)
    ledger.written(first, T0 + 4001)

    ledger.see_ended([EndedJob(record(7, T0, T0 + 100, "COMPLETED"))], T0 + 4010)

    second = ledger.batch(T0 + 4010)
    assert ("COMPLETED", ["n1"]) == (only(ledger).state, list(only(ledger).parts))
    assert (first.runs[0].key, [only(ledger)]) == (*second.removed, second.runs)


def test_a_sluid_that_slurm_never_told_of_is_kept_by_its_name(ledger):
    """Its id is not known."""
    sluids = ("sEKNKTV3WPV500", "sEKNKTV3WPV501")
    for at, sluid in enumerate(sluids, start=1):
        ledger.see_page("n1", page(ended(sluid, sequence=at), sequence=at), T0)
    ledger.see_jobs([], T0 + 901)

    assert set(sluids) == {view(run, T0).id for run in ledger.runs}
    assert {0} == {run.key.job_id for run in ledger.runs}
    ledger.see_ended([EndedJob(record(8, T0 - 60, T0, "COMPLETED"), sluids[0])], T0 + 905)
    assert [0, 8] == sorted(run.key.job_id for run in ledger.runs)


def test_another_job_of_the_same_id_is_not_joined_to_it(ledger):
    """It is of another time."""
    ledger.see_page("n1", page(ended(7, age_s=3100, ago_s=3000), sequence=1), T0 + 3100)
    ledger.see_jobs([], T0 + 4001)

    ledger.see_jobs([record(7, T0 + 4000)], T0 + 4060)

    assert [["n1"], []] == [list(run.parts) for run in ledger.runs]


def test_an_agent_that_was_not_written_is_the_same_after_a_kill(ledger):
    """Its runs were written: what they used is not added again."""
    ledger.see_jobs([record(7), record(8)], T0)
    ledger.see_page("n1", page(ended(7, ago_s=10), ended(8, ago_s=10)), T0 + 60)
    written = [decode_run(encode_run(run)) for run in ledger.batch(T0 + 60, most=1).runs]

    again = JobLedger("c1")
    again.restore(written, [])
    again.see_page("n1", page(ended(7, ago_s=30), ended(8, ago_s=30)), T0 + 80)

    assert [50.0] == [run.parts["n1"].cpu_s for run in again.runs]


def test_an_agent_cannot_tell_of_nodes_that_have_one_of_their_own(ledger):
    """The label slurmd is for several slurmd on one machine: those have one agent.

    Nor of nodes on other machines, which lmaster does not fetch from.
    """
    ledger.keep_nodes({"n1": frozenset({"n1"}), "bad": frozenset({"bad", "n1", "n2"})})
    ledger.see_jobs([record(7), record(8, nodes="n2"), record(9, nodes="n3")], T0)
    ledger.see_page("n1", page(running(7, 30.0, 20.0)), T0 + 30)
    entries = ((7, "n1"), (8, "n2"), (9, "n3"))
    lies = [running(one, 30.0, 5e9)._replace(slurmd=node) for one, node in entries]

    ledger.see_page("bad", page(*lies, instance="b"), T0 + 31)

    one, two, three = ledger.runs
    assert (20.0, 5e9) == (one.parts["n1"].cpu_s, two.parts["n2"].cpu_s)
    assert ({}, 2) == (three.parts, ledger.counts.refused)
