"""Asyncio tasks that run until they are cancelled."""

import asyncio
from itertools import count

import pytest

from fructosa_service.background_tasks import INTERNAL_ERROR, SlowWork, Tasks


async def forever():
    """Run until cancelled."""
    await asyncio.Event().wait()


async def broken():
    """End with an error."""
    raise ZeroDivisionError("a bug")


async def over():
    """End without an error."""


async def broken_at_its_end():
    """Run until cancelled, then raise an error."""
    try:
        await forever()
    finally:
        raise ZeroDivisionError("a bug")


async def test_a_cancelled_task_is_no_failure():
    """Others keep running."""
    tasks = Tasks()
    tasks.begin("one", forever())
    tasks.begin("other", forever())

    await tasks.end("one")
    are_running = "one" in tasks, "other" in tasks
    await tasks.end_all()

    assert (False, True) == are_running
    assert not tasks.has_failed


@pytest.mark.parametrize(("work", "error"), [(broken, ZeroDivisionError), (over, RuntimeError)])
async def test_a_task_that_ends_by_itself_is_a_failure(work, error, caplog):
    """failure() raises its error, which is logged too."""
    tasks = Tasks()
    tasks.begin("one", work())

    with pytest.raises(error):
        await tasks.failure()

    assert tasks.has_failed
    assert [INTERNAL_ERROR] == caplog.messages


@pytest.mark.parametrize("work", [broken_at_its_end, broken])
async def test_an_error_in_a_cancelled_task_is_a_failure(work):
    """Also if it came just before the cancellation."""
    tasks = Tasks()
    tasks.begin("one", work())
    await asyncio.sleep(0)
    await tasks.end("one")

    with pytest.raises(ZeroDivisionError):
        await tasks.failure()


async def test_a_cancelled_caller_of_failure_does_not_cancel_it():
    """Others can still wait for it, and nothing has failed."""
    tasks = Tasks()
    waiting = asyncio.create_task(tasks.failure())
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert not tasks.has_failed


class Work:
    """Work of some steps, which notes them."""

    def __init__(self):
        self.done = []

    def of(self, name, steps):
        """Do so many steps."""
        for _ in range(steps):
            self.done.append(name)
            yield


async def test_long_work_is_done_while_all_else_goes_on():
    """Between two turns, whatever else is to be done is done."""
    slow, work, turns = SlowWork(clock=count(step=1).__next__), Work(), 0
    slow.begin("long", work.of("long", 10))
    while "long" in slow:
        turns += 1
        await asyncio.sleep(0)

    assert (10, 0) == (len(work.done), len(slow))
    assert turns >= 10


async def test_short_work_overtakes_long_work_and_long_work_is_done_one_after_the_other():
    """So a huge page of a node does not hold up the pages of others."""
    slow, work = SlowWork(), Work()
    for name, steps in (("long", 100), ("longer", 200), ("short", 3)):
        slow.begin(name, work.of(name, steps), size=steps)
    assert 303 == slow.size
    await slow.ended("short")
    assert ("long" in slow, "longer" in slow) == (True, True) or work.done.count("long") == 100
    await slow.all_ended()

    assert work.done.index("short") < 9
    assert ["long"] * 70 == [name for name in work.done[-250:] if name == "long"][-70:]
    assert ["longer"] * 150 == work.done[-150:]
    assert 0 == slow.size


async def test_work_that_is_cancelled_does_no_more_steps():
    """Who waits for it goes on."""
    slow, work = SlowWork(), Work()
    slow.begin("long", work.of("long", 10**9), size=5)
    waiting = asyncio.create_task(slow.ended("long"))
    await asyncio.sleep(0)

    slow.cancel("long")
    await waiting
    slow.begin("other", work.of("other", 10**9))
    slow.cancel_all()
    await slow.all_ended()

    assert (0, 0) == (len(slow), slow.size)
