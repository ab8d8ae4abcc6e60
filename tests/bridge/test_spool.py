"""The bounded queue."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.model import Batch
from fructosa_bridge.spool import Spool


def batch(number, points=1):
    """Return a batch with so many points."""
    return Batch(number, 10, [(f"a.{n}", float(n)) for n in range(points)])


async def test_batches_stay_until_they_are_acknowledged():
    """A look takes nothing out."""
    spool = Spool(100)
    spool.append(batch(1))

    first, second = await spool.peek(10), await spool.peek(10)
    spool.acknowledge(second)

    assert first == second == [batch(1)]
    assert spool.points == 0


async def test_a_look_takes_whole_batches_up_to_the_limit():
    """But at least one, however large."""
    spool = Spool(1000)
    for number, points in ((1, 50), (2, 3), (3, 3), (4, 3)):
        spool.append(batch(number, points))

    assert [1] == [found.time_s for found in await spool.peek(10)]
    spool.acknowledge(await spool.peek(10))
    assert [2, 3, 4] == [found.time_s for found in await spool.peek(9)]


async def test_the_oldest_are_dropped_and_counted_when_it_is_full():
    """Fresh points are worth more than old ones."""
    spool = Spool(5)
    for number in range(4):
        spool.append(batch(number, 2))

    assert [2, 3] == [found.time_s for found in await spool.peek(100)]
    assert (4, 4) == (spool.points, spool.dropped_points)


async def test_an_acknowledgement_after_a_drop_takes_out_nothing_else():
    """What was dropped while it was being sent is gone already."""
    spool = Spool(2)
    spool.append(batch(1, 2))
    sent = await spool.peek(10)
    spool.append(batch(2, 2))

    spool.acknowledge(sent)

    assert [2] == [found.time_s for found in await spool.peek(10)]


async def test_drained_waits_for_the_last_acknowledgement():
    """It is how the way out knows that all is delivered."""
    spool = Spool(10)
    spool.append(batch(1))
    waiting = asyncio.create_task(spool.drained())
    await asyncio.sleep(0)
    assert not waiting.done()

    spool.acknowledge(await spool.peek(10))

    await waiting


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=40))
def test_no_point_is_lost_uncounted(steps):
    """Of all points appended, each is waiting, acknowledged or counted as dropped."""

    async def run():
        spool, appended, acknowledged = Spool(10), 0, 0
        for number, (points, is_taken) in enumerate(steps):
            spool.append(batch(number, points))
            appended += points
            if is_taken:
                taken = await spool.peek(4)
                spool.acknowledge(taken)
                acknowledged += sum(map(len, taken))
        assert appended == spool.points + spool.dropped_points + acknowledged

    asyncio.run(run())
