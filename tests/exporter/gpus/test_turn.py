"""Who has a turn at the driver, and what becomes of those who wait."""

import threading

import pytest

from fructosa_exporter.gpus.turn import DriverHangs, Turn

from .node import Clock


class Holder:
    """Another thread that has the turn until it is told to give it back."""

    def __init__(self, turn, name):
        self._has_it, self._may_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(turn, name))

    def _hold(self, turn, name):
        with turn.of(name):
            self._has_it.set()
            self._may_go.wait(30)

    def __enter__(self):
        self._thread.start()
        assert self._has_it.wait(30)
        return self

    def go(self):
        """Give the turn back."""
        self._may_go.set()

    def __exit__(self, *_):
        self.go()
        self._thread.join(30)


def test_one_after_the_other_has_the_turn():
    """Also after one that failed."""
    turn, had = Turn(), []

    with pytest.raises(ZeroDivisionError), turn.of("GPUPower"):
        raise ZeroDivisionError
    with turn.of("GPUClocks"):
        had.append("GPUClocks")

    assert ["GPUClocks"] == had


def test_who_finds_a_hanging_driver_does_not_wait():
    """The reason says who hangs, and for how long."""
    clock = Clock()
    turn = Turn(clock, patience_s=1000)

    with Holder(turn, "GPUPower"):
        clock.now_s += 1000
        reason = r"^GPUPower has waited .* for 1000\.0 s$"
        with pytest.raises(DriverHangs, match=reason), turn.of("GPUClocks"):
            pass


def test_who_waits_gives_up_in_time():
    """Without anybody's help."""
    turn = Turn(patience_s=0.05)

    hangs = pytest.raises(DriverHangs, match="GPUPower")
    with Holder(turn, "GPUPower"), hangs, turn.of("GPUClocks"):
        pass


def test_a_turn_that_is_given_back_goes_to_who_waits():
    """A slow driver is none that hangs."""
    turn = Turn(patience_s=30)

    with Holder(turn, "GPUPower") as holder:
        timer = threading.Timer(0.02, holder.go)
        timer.start()
        with turn.of("GPUClocks"):
            pass
        timer.join(30)


def test_a_driver_that_came_back_is_asked_again():
    """The turn was only held up."""
    turn = Turn(patience_s=0)
    with Holder(turn, "GPUPower"), pytest.raises(DriverHangs), turn.of("GPUClocks"):
        pass

    with turn.of("GPUClocks"):
        had = True

    assert had
