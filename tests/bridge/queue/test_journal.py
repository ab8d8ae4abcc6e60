"""Places of destinations in the queue, as these come and go."""

import asyncio

import pytest

from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments

from ..queues import queue, spool_of


@pytest.fixture
def journal(tmp_path):
    """An open queue."""
    made = Journal(Segments(tmp_path, 2**20, 3600))
    made.open()
    yield made
    made.close()


async def test_what_is_being_written_of_a_destination_that_goes_is_removed(journal, tmp_path):
    """A thread that is just at it writes the place once more."""
    spool = spool_of(journal, 1000, "one")
    queue(spool, Batch(1, 1, [("a", 1.0)]))
    with journal._writing:
        upkeep = asyncio.create_task(journal.upkeep())
        for _ in range(1000):  # the thread waits for the lock by then, or comes to it later
            await asyncio.sleep(0)
        journal.remove(spool)

    await upkeep

    assert [] == list(tmp_path.glob("*.place"))


async def test_a_place_of_an_earlier_run_goes_too(journal, tmp_path):
    """Though this one has not written it yet."""
    (tmp_path / "one.place").write_text("[[[0, 0], [0, 0]]]")
    spool = spool_of(journal, 1000, "one")

    journal.remove(spool)

    assert [] == list(tmp_path.glob("*.place"))


async def test_nothing_is_removed_from_a_queue_that_is_not_open(tmp_path):
    """It may be another lmaster's."""
    (tmp_path / "one.place").write_text("[[[0, 0], [0, 0]]]")
    journal = Journal(Segments(tmp_path, 2**20, 3600))

    journal.remove(spool_of(journal, 1000, "one"))

    assert (tmp_path / "one.place").exists()


async def test_a_destination_that_comes_back_begins_at_the_end_of_the_queue(journal):
    """What was queued for others meanwhile is not for it; others keep what waits for them."""
    other = spool_of(journal, 1000, "other")
    journal.remove(spool_of(journal, 1000, "one"))
    queue(other, Batch(1, 1, [("a", 1.0)]))

    back = spool_of(journal, 1000, "one")
    queue(back, other, Batch(2, 1, [("a", 2.0)]))
    await journal.upkeep()

    assert [1, 2] == [back.points, other.points]
    ((start, _),) = back.waiting()
    assert start == other.waiting()[0][1] or start > other.waiting()[0][0]
