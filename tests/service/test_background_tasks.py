"""Tasks that go on until they are ended."""

import asyncio

import pytest

from fructosa_service.background_tasks import Tasks


async def for_ever():
    """Go on."""
    await asyncio.Event().wait()


async def broken():
    """End with a fault."""
    raise ZeroDivisionError("a fault")


async def over():
    """End without one."""


async def broken_at_its_end():
    """Go on, and end with a fault when that is wanted."""
    try:
        await for_ever()
    finally:
        raise ZeroDivisionError("a fault")


async def test_a_task_that_is_ended_is_no_failure():
    """It is known until then, and others go on."""
    tasks = Tasks()
    tasks.begin("one", for_ever())
    tasks.begin("other", for_ever())

    await tasks.end("one")
    known = "one" in tasks, "other" in tasks
    await tasks.end_all()

    assert (False, True) == known
    assert not tasks.has_failed


@pytest.mark.parametrize(("work", "error"), [(broken, ZeroDivisionError), (over, RuntimeError)])
async def test_a_task_that_ends_by_itself_is_a_failure(work, error, caplog):
    """With what it ended with, for who waits, and in the log."""
    tasks = Tasks()
    tasks.begin("one", work())

    with pytest.raises(error):
        await tasks.failure()

    assert tasks.has_failed
    assert "a fault of lmaster" in caplog.text


async def test_a_fault_while_a_task_is_ended_does_not_pass_unseen():
    """Nor one that came just before."""
    for work in (broken_at_its_end, broken):
        tasks = Tasks()
        tasks.begin("one", work())
        await asyncio.sleep(0)
        await tasks.end("one")

        with pytest.raises(ZeroDivisionError):
            await tasks.failure()


async def test_who_waits_no_more_takes_no_failure_from_others():
    """To be cancelled while nothing has failed is no failure either."""
    tasks = Tasks()
    waiting = asyncio.create_task(tasks.failure())
    await asyncio.sleep(0)

    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert not tasks.has_failed
