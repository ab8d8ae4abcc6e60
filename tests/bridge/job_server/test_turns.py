"""Who asks much waits, and others do not."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from fructosa_bridge.job_server.turns import TooManyQuestionsError, Turns


class Asked:
    """Questions that are answered once *answer* is set; *begun* has the users, in their order."""

    def __init__(self, **limits):
        self.turns, self.begun, self.answer = Turns(**limits), [], asyncio.Event()

    async def ask(self, user):
        """Wait for a turn, and then for the answer."""
        async with self.turns.turn(user):
            self.begun.append(user)
            await self.answer.wait()


async def until_all_wait():
    """Let all tasks go on for as long as they can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_user_who_asks_much_does_not_delay_others():
    """Only one of their questions is answered at a time."""
    asked = Asked()
    async with asyncio.TaskGroup() as group:
        for user in [*["eve"] * 9, "ada", "bob"]:
            group.create_task(asked.ask(user))
        await until_all_wait()

        assert ["eve", "ada", "bob"] == asked.begun
        asked.answer.set()

    assert 9 == asked.begun.count("eve")


async def test_few_questions_are_answered_at_a_time():
    """Each reads the archive in a thread."""
    asked = Asked(at_once=2)
    async with asyncio.TaskGroup() as group:
        for user in range(5):
            group.create_task(asked.ask(user))
        await until_all_wait()

        assert [0, 1] == asked.begun
        asked.answer.set()

    assert [0, 1, 2, 3, 4] == asked.begun


async def test_no_more_questions_of_a_user_wait_than_the_limit():
    """Afterwards nothing of them is left, whatever became of them."""
    asked = Asked(most_waiting=1)
    tasks = [asyncio.create_task(asked.ask("eve")) for _ in range(2)]
    await until_all_wait()

    with pytest.raises(TooManyQuestionsError):
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(asked.turns.turn("eve"))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert ({}, {}) == (asked.turns._locks, asked.turns._waiting)
