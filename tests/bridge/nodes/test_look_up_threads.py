"""Threads for look-ups of names."""

import asyncio
import socket
import threading

import pytest

from fructosa_bridge.nodes.look_up_threads import NO_THREAD, LookUpThreads

SOON_S = 20


class HungLookUps:
    """Look-ups that hang until the test ends them, and the order in which they began."""

    def __init__(self):
        self.began = []
        self.end = threading.Event()

    def of(self, name):
        """Return a look-up that hangs."""

        def look_up():
            self.began.append(name)
            self.end.wait(SOON_S)
            return name

        return look_up


@pytest.fixture
def hung():
    """Look-ups that hang; none does after the test."""
    made = HungLookUps()
    yield made
    made.end.set()


async def test_the_result_or_the_error_of_a_function_is_returned():
    """As if it was called."""
    threads = LookUpThreads(1)
    error = socket.gaierror(1, "x")

    def fail():
        raise error

    assert 7 == await threads.call(lambda: 7, rank=0)
    with pytest.raises(socket.gaierror) as caught:
        await threads.call(fail, rank=0)
    assert error is caught.value


async def test_no_more_run_at_a_time_than_the_limit_and_the_lowest_rank_is_next(hung):
    """In the order of their calls if their rank is the same."""
    threads = LookUpThreads(2)
    calls = [("a", 5), ("b", 5), ("c", 2), ("d", 1), ("e", 1)]
    running = [threads.call(hung.of(name), rank) for name, rank in calls]
    while len(hung.began) < 2:
        await asyncio.sleep(0.001)
    assert ["a", "b"] == sorted(hung.began)
    hung.end.set()

    results = await asyncio.wait_for(asyncio.gather(*running), SOON_S)

    assert ["a", "b", "c", "d", "e"] == results
    assert "c" == hung.began[-1]


async def test_after_close_no_look_up_begins(hung):
    """Those that run are not waited for, and keep no program from its exit."""
    threads = LookUpThreads(1)
    first, waiting = (threads.call(hung.of(name), 0) for name in "ab")

    threads.close()
    hung.end.set()
    await asyncio.wait_for(first, SOON_S)

    assert waiting.cancelled()
    assert ["a"] == hung.began
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "dns")


async def test_without_a_thread_a_look_up_fails_or_waits_for_another(hung, monkeypatch):
    """The machine may have a limit."""
    threads, start = LookUpThreads(9), threading.Thread.start

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    running = threads.call(hung.of("a"), 0)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    waiting = threads.call(hung.of("b"), 0)
    alone = LookUpThreads(9).call(hung.of("c"), 0)
    with pytest.raises(socket.gaierror, match=NO_THREAD):
        await alone
    monkeypatch.setattr(threading.Thread, "start", start)
    hung.end.set()

    assert ["a", "b"] == await asyncio.wait_for(asyncio.gather(running, waiting), SOON_S)


def test_a_look_up_that_ends_after_its_loop_is_ignored(hung):
    """The program is about to exit."""

    async def begin():
        LookUpThreads(1).call(hung.of("a"), 0)

    asyncio.run(begin())
    (thread,) = [one for one in threading.enumerate() if one.name == "dns"]
    hung.end.set()
    thread.join(SOON_S)

    assert not thread.is_alive()
