"""The pool of threads for tasks that may hang."""

import math
import threading
import time

import pytest

from fructosa_exporter.thread_pool import Task, ThreadPool


class FakeTask(Task):
    """Returns a result; if it *hangs*, only after ``may_end`` is set."""

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


class Owner:
    """The owner of a pool, which takes its results."""

    def __init__(self, slow_after_s=0.0):
        self.woken = threading.Event()
        self.pool = ThreadPool(self.woken.set, slow_after_s=slow_after_s)
        self.done = []

    def await_results(self, number):
        """Poll the pool until so many tasks are done; return their results."""
        while len(self.done) < number:
            self.pool.replace_slow_thread()
            self.woken.wait(0.01)
            self.woken.clear()
            self.done += [result for _, result in self.pool.results()]
        return self.done


@pytest.fixture
def hanging():
    """A task that hangs until the test ends."""
    task = FakeTask("late", hangs=True)
    yield task
    task.may_end.set()


def test_one_thread_runs_the_tasks_in_order():
    """As long as none hangs."""
    owner = Owner(slow_after_s=60)
    tasks = [FakeTask(number) for number in range(5)]
    for task in tasks:
        owner.pool.submit(task)

    assert [0, 1, 2, 3, 4] == owner.await_results(5)
    assert len({task.thread for task in tasks}) == 1


def test_tasks_behind_one_that_hangs_get_a_new_thread(hanging):
    """One thread for all of them."""
    owner = Owner()
    tasks = [hanging, FakeTask(1), FakeTask(2)]
    for task in tasks:
        owner.pool.submit(task)

    assert [1, 2] == owner.await_results(2)
    assert hanging.thread not in {tasks[1].thread, tasks[2].thread}


def test_the_result_of_a_task_that_hung_is_not_lost(hanging):
    """It comes when the task returns."""
    owner = Owner()
    for task in (hanging, FakeTask(1)):
        owner.pool.submit(task)
    owner.await_results(1)

    hanging.may_end.set()

    assert [1, "late"] == owner.await_results(2)


def test_threads_that_were_replaced_end(hanging):
    """When their task returns."""
    owner = Owner()
    for task in (hanging, FakeTask(1)):
        owner.pool.submit(task)
    owner.await_results(1)

    hanging.may_end.set()
    hanging.thread.join(30)

    assert not hanging.thread.is_alive()


def test_a_pool_without_queued_tasks_needs_no_new_thread(hanging):
    """However long the current task hangs."""
    owner = Owner()
    owner.pool.submit(hanging)
    assert hanging.begun.wait(30)
    threads = threading.active_count()

    assert math.inf == owner.pool.replace_slow_thread()
    assert threads == threading.active_count()


def test_a_task_has_a_start_time_while_it_runs(hanging):
    """Neither before nor after."""
    owner = Owner(slow_after_s=60)
    assert hanging.began_s is None

    owner.pool.submit(hanging)
    assert hanging.begun.wait(30)
    assert hanging.began_s <= time.monotonic()
    hanging.may_end.set()
    owner.await_results(1)

    assert hanging.began_s is None
