"""Threads that do what may hang."""

import math
import threading
import time

import pytest

from fructosa_exporter.thread_pool import Task, ThreadPool


class Task(Task):
    """Waits until it is let go, if it is to hang."""

    def __init__(self, result, hangs=False):
        self.result = result
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.thread = None
        if not hangs:
            self.may_end.set()

    def run(self):
        """Return the result."""
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.may_end.wait(30)
        return self.result


class Team:
    """A pool, and what it woke its owner with."""

    def __init__(self, slow_after_s=0.0):
        self.woken = threading.Event()
        self.pool = ThreadPool(self.woken.set, slow_after_s=slow_after_s)
        self.done = []

    def await_results(self, number):
        """Look after the pool until so many jobs are done; return their results."""
        while len(self.done) < number:
            self.pool.replace_slow_thread()
            self.woken.wait(0.01)
            self.woken.clear()
            self.done += [result for _, result in self.pool.results()]
        return self.done


@pytest.fixture
def hanging():
    """A job that hangs until the test ends."""
    task = Task("late", hangs=True)
    yield task
    task.may_end.set()


def test_jobs_are_done_in_their_order_by_one_thread():
    """As long as none hangs."""
    team = Team(slow_after_s=60)
    tasks = [Task(number) for number in range(5)]
    for task in tasks:
        team.pool.submit(task)

    assert [0, 1, 2, 3, 4] == team.await_results(5)
    assert len({task.thread for task in tasks}) == 1


def test_jobs_behind_one_that_hangs_get_a_thread_of_their_own(hanging):
    """One more, however many they are."""
    team = Team()
    tasks = [hanging, Task(1), Task(2)]
    for task in tasks:
        team.pool.submit(task)

    assert [1, 2] == team.await_results(2)
    assert hanging.thread not in {tasks[1].thread, tasks[2].thread}


def test_a_job_that_hung_is_done_all_the_same(hanging):
    """Its result comes when it returns."""
    team = Team()
    for task in (hanging, Task(1)):
        team.pool.submit(task)
    team.await_results(1)

    hanging.may_end.set()

    assert [1, "late"] == team.await_results(2)


def test_threads_that_were_overtaken_end(hanging):
    """When their job returns."""
    team = Team()
    for task in (hanging, Task(1)):
        team.pool.submit(task)
    team.await_results(1)

    hanging.may_end.set()
    hanging.thread.join(30)

    assert not hanging.thread.is_alive()


def test_a_pool_is_left_alone_while_no_job_waits_for_another(hanging):
    """It need not be looked after then, however long that hangs."""
    team = Team()
    team.pool.submit(hanging)
    assert hanging.begun.wait(30)
    threads = threading.active_count()

    assert math.inf == team.pool.replace_slow_thread()
    assert threads == threading.active_count()


def test_a_job_says_since_when_it_is_being_done(hanging):
    """And only then."""
    team = Team(slow_after_s=60)
    assert hanging.began_s is None

    team.pool.submit(hanging)
    assert hanging.begun.wait(30)
    assert hanging.began_s <= time.monotonic()
    hanging.may_end.set()
    team.await_results(1)

    assert hanging.began_s is None
