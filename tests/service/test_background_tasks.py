"""Asyncio tasks that run until they are cancelled."""

import asyncio

import pytest

from fructosa_service.background_tasks import INTERNAL_ERROR, Tasks


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
