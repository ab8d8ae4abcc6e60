"""How much is known of a run, and what it wasted."""

from datetime import UTC

import pytest

from fructosa_bridge.jobs.coverage import coverage, figures, notes, waste
from fructosa_bridge.jobs.names import RunKey
from fructosa_bridge.jobs.node_parts import JobAgent, NodePart
from fructosa_bridge.jobs.runs import JobRun

from .known_jobs import T0, record
from .pages import reading

NOW = T0 + 10_000


def run_of(end_s=T0 + 1000, state="COMPLETED", parts=(), **fields):
    """Return a run from T0 on, with parts of nodes."""
    run = JobRun(RunKey("c1", 7, T0, 0))
    run.take(record(7, T0, end_s, state, **fields))
    run.is_over = state != "RUNNING"
    run.parts = {part.node: part for part in parts}
    return run


def part_of(node="n1", until_s=T0 + 1000, is_over=True, lag_s=0.0, since_s=T0 - 1, **values):
    """Return the part of a node that was read at *until_s*."""
    agent = JobAgent(node, "a", "b", since_s, until_s)
    part = NodePart(node, agent, "", 30.0)
    values = {"age_s": until_s - T0, "cpu_s": 100.0, "peak_bytes": 4e9, "limit_bytes": 8e9} | values
    ages = {"reading_age_s": lag_s} | ({"end_age_s": 0.0, "end_sequence": 1.0} if is_over else {})
    part.add(reading(7, **values, **ages), agent, until_s)
    return part


@pytest.mark.parametrize(
    ("run", "share"),
    [
        (run_of(parts=[part_of()]), 1.0),
        (run_of(parts=[]), 0.0),
        (run_of(parts=[part_of()], nodes="n[1-4]"), 0.25),
        (run_of(parts=[part_of(until_s=T0 + 500, is_over=False)]), 0.499),
        (run_of(parts=[part_of(until_s=T0 + 1000, is_over=False)]), 0.999),
        (run_of(parts=[part_of(lag_s=100.0)]), 0.9),
        (run_of(parts=[part_of(until_s=T0 + 995)]), 1.0),
        (run_of(parts=[part_of(cpu_s=None, peak_bytes=None)]), 0.0),
        (run_of(parts=[part_of(age_s=600.0)]), 1.0),
        (run_of(parts=[part_of(age_s=600.0, since_s=T0 + 500)]), 0.6),
        (run_of(T0, parts=[part_of(until_s=T0)]), 1.0),
    ],
    ids=[
        "all",
        "nothing",
        "one of four",
        "silent",
        "end not told",
        "polled",
        "clocks",
        "no",
        "step",
        "late",
        "0 s",
    ],
)
def test_coverage_is_the_share_of_time_for_which_figures_are_known(run, share):
    """On average over the nodes that the run had."""
    assert share == pytest.approx(coverage(run, NOW))


def test_a_run_that_goes_on_is_covered_until_its_last_reading():
    """An agent is read once an interval."""
    run = run_of(None, "RUNNING", [part_of(until_s=T0 + 1000, is_over=False)])

    assert (1.0, 0.5) == (coverage(run, T0 + 1030), coverage(run, T0 + 2000))


def test_what_is_missing_is_said_in_words():
    """Which node fell silent when, and which never said anything."""
    silent = part_of("n1", until_s=T0 + 500, is_over=False)
    restarted = part_of("n2", oom_kills=2.0)
    restarted.missed_s = 70.0
    run = run_of(parts=[silent, restarted], nodes="n[1-9]")

    assert [
        "nothing is known of n3, n4, n5, n6, n7 and 2 more nodes",
        "n1 fell silent at 2027-01-15T08:08:20+00:00: figures until then",
        "n2: of 70 s the use is not known, as its agent or the node was restarted",
        "n2: the kernel killed 2 processes, as the memory of the job or of a step was used up",
    ] == notes(run, NOW, UTC)


def test_what_the_next_pages_will_tell_is_not_missing_yet():
    """A run has just begun, or ended; its nodes are read once an interval."""
    began = run_of(None, "RUNNING", nodes="n[1-2]")
    ended = run_of(
        parts=[part_of("n1", oom_kills=1.0), part_of("n2", is_over=False)], nodes="n[1-3]"
    )
    ended.over_since_s = T0 + 1010
    last = "n1: the kernel killed 1 process, as the memory of the job or of a step was used up"

    assert ["not read yet since the job began: n1, n2; ask again in a minute"] == notes(
        began, T0 + 20
    )
    assert ["not read yet since the job ended: n3, n2; ask again in a minute", last] == notes(
        ended, T0 + 1090
    )
    assert ["nothing is known of n3", last, "n2 was last read 1 s before the end"] == sorted(
        notes(ended, T0 + 1101), key=lambda note: ("n2" in note, note == last)
    )


def test_a_job_that_was_too_short_to_be_read_says_so():
    """Its node saw it come and go."""
    unread = part_of(cpu_s=None, peak_bytes=None, limit_bytes=None)

    assert ["n1: the job ended there before its use could be read"] == notes(
        run_of(parts=[unread]), NOW
    )


def test_of_a_run_of_which_all_is_known_there_is_nothing_to_say():
    """No note is good news."""
    assert [] == notes(run_of(parts=[part_of()]), NOW)


def test_figures_are_sums_over_nodes():
    """What no node reports is unknown, and not zero."""
    run = run_of(parts=[part_of("n1"), part_of("n2", own_max_bytes=3e9)], nodes="n[1-2]")
    found = figures(run, NOW)

    assert (200.0, 8e9, 16e9, 3e9, None) == (
        *(
            found.cpu_s,
            found.memory_peak_bytes,
            found.memory_limit_bytes,
            found.memory_own_max_bytes,
        ),
        found.oom_kills,
    )


def test_without_a_limit_on_the_node_it_is_what_slurm_allotted():
    """As without ConstrainRAMSpace."""
    run = run_of(parts=[part_of(limit_bytes=None)], tres="cpu=4,mem=8G")

    assert 8 * 2**30 == figures(run, NOW).memory_limit_bytes


def test_waste_is_what_it_had_and_did_not_use():
    """In hours: 4 CPUs, 100 CPU seconds of 1,000 s; 4 of 8 GB."""
    run = run_of(parts=[part_of()])
    run.gpu_count, run.gpu_busy_s = 2, 500.0
    found = waste(run, figures(run, NOW))

    assert (3900 / 3600, 1500 / 3600, 4000 / 3600) == pytest.approx(found)


def test_wasted_gpu_hours_are_of_the_time_that_is_known():
    """As core-hours are. What is doubtful of GPUs is in the notes."""
    run = run_of(parts=[part_of()])
    run.gpu_count, run.gpu_busy_s = 2, 500.0
    run.gpu_coverage, run.gpu_notes = 0.9, ("GPUs: as an example",)

    assert pytest.approx(1300 / 3600) == waste(run, figures(run, NOW)).gpu_hours
    assert ["GPUs: as an example"] == notes(run, NOW)


@pytest.mark.parametrize(
    "run",
    [
        run_of(None, "RUNNING", [part_of()]),
        run_of(parts=[part_of(until_s=T0 + 500, is_over=False)]),
        run_of(parts=[]),
    ],
    ids=["running", "half", "nothing"],
)
def test_waste_is_unknown_if_too_little_is_known(run):
    """Nobody is accused on bad data."""
    assert {None} == set(waste(run, figures(run, NOW)))


def test_waste_counts_only_the_known_time_and_is_never_below_zero():
    """A job may use more CPU time than Slurm allotted, if nothing binds it."""
    partly = run_of(parts=[part_of(until_s=T0 + 900, is_over=False)])
    busy = run_of(parts=[part_of(cpu_s=9000.0, peak_bytes=9e9)])

    assert (4 * 899 - 100) / 3600 == pytest.approx(waste(partly, figures(partly, NOW)).core_hours)
    assert (0.0, 0.0) == waste(busy, figures(busy, NOW))[::2]


def test_a_run_that_was_suspended_has_no_waste():
    """For how long is unknown."""
    run = run_of(parts=[part_of()])
    run.was_suspended = True

    assert {None} == set(waste(run, figures(run, NOW)))
