"""Which run an entry of a page belongs to."""

import pytest

from fructosa_bridge.jobs.names import RunKey
from fructosa_bridge.jobs.node_parts import JobAgent, NodePart
from fructosa_bridge.jobs.placing import EntryTimes, best_run, times_of
from fructosa_bridge.jobs.runs import JobRun

from .known_jobs import T0, record
from .pages import reading

AGENT = JobAgent("n1", "a", "b", T0, T0)


def run(start, end=None, restart=0):
    """Return a run of job 7 on n1 with times after T0."""
    found = JobRun(RunKey("c1", 7, T0, restart))
    end_s = None if end is None else T0 + end
    found.take(record(7, T0 + start, end_s, "RUNNING" if end is None else "COMPLETED"))
    found.is_over = end is not None
    return found


def entry(began, end, node="n1", restart="", agent=AGENT):
    """Return an entry with times after T0."""
    return EntryTimes(node, agent, restart, T0 + began, T0 + end)


FIRST, SECOND = run(0, 100), run(110, None, 1)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (entry(1, 100), FIRST),
        (entry(112, 150), SECOND),
        (entry(50, 98), FIRST),
        (entry(95, 99), FIRST),
        (entry(111, 111), SECOND),
        (entry(400, 500), SECOND),
        (entry(-500, -400), None),
        (entry(1, 100, node="n2"), None),
    ],
    ids=["first", "second", "step", "late step", "short", "much later", "before", "other node"],
)
def test_an_entry_belongs_to_the_run_of_its_time(one, expected):
    """Although clocks are apart by seconds."""
    assert expected is best_run(one, [FIRST, SECOND], 30.0)
    assert expected is best_run(one, [SECOND, FIRST], 30.0)


def test_an_entry_of_an_earlier_run_does_not_belong_to_a_later_one():
    """Also if Slurm has forgotten the earlier one."""
    assert None is best_run(entry(-200, 100), [SECOND], 30.0)


def test_a_job_that_goes_on_after_its_end_is_still_that_job():
    """Its processes do not die."""
    assert FIRST is best_run(entry(0, 5000), [FIRST], 30.0)


@pytest.mark.parametrize("end", [100, None], ids=["known", "unknown"])
def test_what_begins_after_a_run_is_over_is_of_a_later_one(end):
    """Although clocks are apart: Slurm may not have listed the later one yet."""
    first = run(0, end)
    first.is_over, first.over_since_s = True, T0 + 105
    ended_s = 105 if end is None else end

    assert None is best_run(entry(ended_s, ended_s), [first], 30.0)
    assert None is best_run(entry(ended_s + 5, ended_s + 8), [first], 30.0)
    assert first is best_run(entry(ended_s - 1, ended_s + 1), [first], 30.0)


def test_entries_that_a_node_tells_apart_are_of_different_runs():
    """The later one waits until Slurm tells of its run."""
    first = run(0)
    first.parts["n1"] = NodePart("n1", AGENT, "", 30.0)
    other = JobAgent("n1", "other", "b", T0, T0)

    assert None is best_run(entry(50, 60, restart="1"), [first], 30.0)
    assert first is best_run(entry(50, 60, restart="1", agent=other), [first], 30.0)


def test_times_follow_from_ages():
    """An entry without an age began when it ended."""
    found = times_of("n1", reading(7, age_s=60.0, end_age_s=10.0), AGENT, T0 + 100)
    unknown = times_of("n1", reading(7), AGENT, T0 + 100)

    assert (T0 + 40, T0 + 90) == found[-2:]
    assert (T0 + 100, T0 + 100) == unknown[-2:]
