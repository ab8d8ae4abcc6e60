"""Who has a lock at the driver, and what becomes of those who wait."""

import threading

import pytest

from fructosa_exporter.gpus.driver_lock import DriverHangs, DriverLock

from .node import Clock


class Holder:
    """Another thread that has the lock until it is told to give it back."""

    def __init__(self, lock, name):
        self._has_it, self._may_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(lock, name))

    def _hold(self, lock, name):
        with lock.held_by(name):
            self._has_it.set()
            self._may_go.wait(30)

    def __enter__(self):
        self._thread.start()
        assert self._has_it.wait(30)
        return self

    def go(self):
        """Give the lock back."""
        self._may_go.set()

    def __exit__(self, *_):
        self.go()
        self._thread.join(30)


def test_one_after_the_other_has_the_turn():
    """Also after one that failed."""
    lock, had = DriverLock(), []

    with pytest.raises(ZeroDivisionError), lock.held_by("GPUPower"):
        raise ZeroDivisionError
    with lock.held_by("GPUClocks"):
        had.append("GPUClocks")

    assert ["GPUClocks"] == had


def test_who_finds_a_hanging_driver_does_not_wait():
    """The reason says who hangs, and for how long."""
    clock = Clock()
    lock = DriverLock(clock, timeout_s=1000)

    with Holder(lock, "GPUPower"):
        clock.now_s += 1000
        reason = r"^GPUPower has waited .* for 1000\.0 s$"
        with pytest.raises(DriverHangs, match=reason), lock.held_by("GPUClocks"):
            pass


def test_who_waits_gives_up_in_time():
    """Without anybody's help."""
    lock = DriverLock(timeout_s=0.05)

    hangs = pytest.raises(DriverHangs, match="GPUPower")
    with Holder(lock, "GPUPower"), hangs, lock.held_by("GPUClocks"):
        pass


def test_a_turn_that_is_given_back_goes_to_who_waits():
    """A slow driver is none that hangs."""
    lock = DriverLock(timeout_s=30)

    with Holder(lock, "GPUPower") as holder:
        timer = threading.Timer(0.02, holder.go)
        timer.start()
        with lock.held_by("GPUClocks"):
            pass
        timer.join(30)


def test_a_driver_that_came_back_is_asked_again():
    """The lock was only held up."""
    lock = DriverLock(timeout_s=0)
    with Holder(lock, "GPUPower"), pytest.raises(DriverHangs), lock.held_by("GPUClocks"):
        pass

    with lock.held_by("GPUClocks"):
        had = True

    assert had
