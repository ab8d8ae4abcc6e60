"""The lock of a driver."""

import re
import threading

import pytest

from fructosa_exporter.gpus.driver_lock import HANGS, DriverHangs, DriverLock

from .node import Clock


class Holder:
    """Another thread that holds the lock until it is released."""

    def __init__(self, lock, name):
        self._acquired, self._released = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(lock, name))

    def _hold(self, lock, name):
        with lock.held_by(name):
            self._acquired.set()
            self._released.wait(30)

    def __enter__(self):
        self._thread.start()
        assert self._acquired.wait(30)
        return self

    def release(self):
        """Release the lock."""
        self._released.set()

    def __exit__(self, *_):
        self.release()
        self._thread.join(30)


def test_the_lock_is_released_after_a_failure():
    """The next sensor gets it."""
    lock, had = DriverLock(), []

    with pytest.raises(ZeroDivisionError), lock.held_by("GPUPower"):
        raise ZeroDivisionError
    with lock.held_by("GPUClocks"):
        had.append("GPUClocks")

    assert ["GPUClocks"] == had


def test_a_hanging_driver_is_not_waited_for():
    """The message names the sensor that hangs and the time."""
    clock = Clock()
    lock = DriverLock(clock, timeout_s=1000)

    with Holder(lock, "GPUPower"):
        clock.now_s += 1000
        reason = re.escape(HANGS.format(sensor="GPUPower", waited_s=1000))
        with pytest.raises(DriverHangs, match=f"^{reason}$"), lock.held_by("GPUClocks"):
            pass


def test_waiting_for_the_lock_times_out():
    """Even if the clock does not advance."""
    lock = DriverLock(timeout_s=0.05)

    hangs = pytest.raises(DriverHangs, match="GPUPower")
    with Holder(lock, "GPUPower"), hangs, lock.held_by("GPUClocks"):
        pass


def test_a_released_lock_goes_to_the_next_sensor():
    """A slow driver does not hang."""
    lock = DriverLock(timeout_s=30)

    with Holder(lock, "GPUPower") as holder:
        timer = threading.Timer(0.02, holder.release)
        timer.start()
        with lock.held_by("GPUClocks"):
            pass
        timer.join(30)


def test_a_driver_that_recovers_is_used_again():
    """After the lock was released late."""
    lock = DriverLock(timeout_s=0)
    with Holder(lock, "GPUPower"), pytest.raises(DriverHangs), lock.held_by("GPUClocks"):
        pass

    with lock.held_by("GPUClocks"):
        had = True

    assert had
