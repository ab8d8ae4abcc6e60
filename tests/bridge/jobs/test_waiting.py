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
    part = waiting.get("7", key(), part_of)
    again = waiting.get("7", key(), part_of)

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
    part = waiting.get("7", key(), part_of)

    assert None is waiting.get("8", key(), part_of)
    assert part is waiting.get("7", key(), part_of)


def test_the_nearest_to_a_time_comes_first():
    """An entry begins with its run."""
    waiting = WaitingParts(9)
    for restart, age_s in (("", 500.0), ("1", 100.0)):
        waiting.get("7", key(restart), lambda age_s=age_s: part_of(running(age_s=age_s)))

    assert ["1", ""] == [found[1] for found, _ in waiting.nearest("7", T0 - 120)]
    assert [] == waiting.nearest("8", T0)


def test_what_no_node_reports_any_more_is_dropped():
    """What ended long ago too."""
    waiting = WaitingParts(9)
    waiting.get("7", key(), part_of)
    waiting.get("8", key(), lambda: part_of(ended(8), T0 + 5))
    waiting.get("9", key(), lambda: part_of(now_s=T0 + 500))

    assert (2, 1) == (waiting.drop_older(T0 + 100), waiting.count)


def test_the_lowest_number_of_an_end_that_waits_is_known():
    """The agent is asked for it again after a restart."""
    waiting = WaitingParts(9)
    waiting.get("7", key(), part_of)
    for sequence in (6, 4, 5):
        waiting.get(str(sequence), key(), lambda n=sequence: part_of(ended(n, sequence=n)))

    assert {"n1": 4} == waiting.least_sequences()
