"""What waits for Slurm to tell of its job."""

from fructosa_bridge.jobs.node_parts import JobAgent, NodePart
from fructosa_bridge.jobs.waiting import WaitingParts

from .known_jobs import T0
from .pages import ended, running

AGENT = JobAgent("n1", "a", "b", T0, T0)


def part_of(one=None, now_s=T0):
    """Return a part with one reading."""
    part = NodePart("n1", AGENT, "", 30.0)
    part.add(running() if one is None else one, AGENT, now_s)
    return part


def key(restart=""):
    """Return the key of an entry."""
    return ("n1", restart, "a")


def test_a_part_waits_until_it_is_taken():
    """It is made once."""
    waiting = WaitingParts(9)
    part = waiting.get("7", key(), part_of, T0)
    again = waiting.get("7", key(), part_of, T0)

    assert part is again
    assert (1, part, None, 0) == (
        waiting.count,
        waiting.take("7", key()),
        waiting.take("7", key()),
        waiting.count,
    )


def test_no_more_wait_than_the_limit():
    """Those that wait already go on."""
    waiting = WaitingParts(1)
    part = waiting.get("7", key(), part_of, T0)

    assert None is waiting.get("8", key(), part_of, T0)
    assert part is waiting.get("7", key(), part_of, T0)


def test_the_nearest_to_a_time_comes_first():
    """An entry begins with its run."""
    waiting = WaitingParts(9)
    for restart, age_s in (("", 500.0), ("1", 100.0)):
        waiting.get("7", key(restart), lambda age_s=age_s: part_of(running(age_s=age_s)), T0)

    assert ["1", ""] == [found[1] for found, _ in waiting.nearest("7", T0 - 120)]
    assert [] == waiting.nearest("8", T0)


def test_what_no_node_reports_any_more_waits_no_longer():
    """Nor what has ended."""
    waiting = WaitingParts(9)
    waiting.get("7", key(), part_of, T0)
    waiting.get("8", key(), lambda: part_of(ended(8), T0 + 5), T0 + 5)
    waiting.get("9", key(), lambda: part_of(now_s=T0 + 500), T0)

    assert ["7", "8"] == [job_id for job_id, _ in waiting.take_older(T0 + 100)]
    assert 1 == waiting.count


def test_what_ended_long_ago_waits_as_long_as_what_has_just_ended():
    """lmaster was away, and its node kept it."""
    waiting = WaitingParts(9)
    waiting.get("7", key(), lambda: part_of(ended(ago_s=5000), T0), T0)

    assert [] == waiting.take_older(T0)
    assert 1 == len(waiting.take_older(T0 + 1))


def test_the_lowest_number_of_an_end_that_waits_is_known():
    """The agent is asked for it again after a restart."""
    waiting = WaitingParts(9)
    waiting.get("7", key(), part_of, T0)
    for sequence in (6, 4, 5):
        waiting.get(str(sequence), key(), lambda n=sequence: part_of(ended(n, sequence=n)), T0)

    assert {"n1": 4} == waiting.least_sequences()


def test_an_agent_that_tells_of_too_many_jobs_hides_none_of_others():
    """Its oldest parts give way, also if it says that it is another one each time."""
    waiting = WaitingParts(3)
    for job_id in ("1", "2", "3", "4"):
        agent = JobAgent("bad", job_id, "b", T0, T0)
        waiting.get(
            job_id, ("bad", "", job_id), lambda one=agent: NodePart("bad", one, "", 30.0), T0
        )

    part = waiting.get("7", key(), part_of, T0)

    assert part is waiting.take("7", key())
    assert (2, 1) == (waiting.count, waiting.dropped)
    assert [False, True, True, False] == [
        waiting.take(one, ("bad", "", one)) is not None for one in "1234"
    ]
