"""When a driver's library is opened, and what becomes of GPUs that are lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.gpus.driver import (
    REOPEN_S,
    UNKNOWN,
    Driver,
    DriverError,
    GPULost,
    ever_seen,
)

from .node import Clock


class Board:
    """A GPU whose *error* is raised when it is asked."""

    def __init__(self, index, uuid):
        self.index, self.uuid, self.error = index, uuid, None

    def check(self):
        """Fail, if it has an error."""
        if self.error:
            raise self.error

    def power(self):
        """Return a number."""
        self.check()
        return 300 + int(self.index)


class Library:
    """A library that a test fills: with *boards*, indices of silent GPUs, or an *error*."""

    name = "a driver"

    def __init__(self, *boards):
        self.boards, self.error = list(boards), None
        self.opened = self.closed = 0

    def open(self):
        """Return the boards, or fail."""
        self.opened += 1
        if self.error:
            raise self.error
        return list(self.boards)

    def count(self):
        """Return how many boards there are, or fail."""
        if self.error:
            raise self.error
        return len(self.boards)

    def events(self, uuid):
        """Return one event for each GPU."""
        return {("of", uuid): 1}

    def close(self):
        """Count."""
        self.closed += 1


class Site:
    """A driver with two GPUs, a library and a clock."""

    def __init__(self):
        self.one, self.other = Board("0", "GPU-a"), Board("1", "GPU-b")
        self.vendors, self.clock = Library(self.one, self.other), Clock()
        self.driver = Driver(self.vendors, self.clock)

    def powers(self):
        """Return what GPUs tell, by index."""
        return {
            labels[0]: watts for labels, watts in self.driver.query_each("GPUPower", Board.power)
        }

    def up(self):
        """Return the state of GPUs, by UUID."""
        return {labels[1]: is_up for labels, is_up in self.driver.up("GPUInfo")}

    def advance(self, seconds=REOPEN_S):
        """Let time pass."""
        self.clock.now_s += seconds


@pytest.fixture
def site():
    """A driver with two GPUs."""
    return Site()


def test_a_library_is_opened_when_it_is_first_asked(site):
    """And stays open as long as all is well."""
    assert 0 == site.vendors.opened

    for _ in range(3):
        assert {"0": 300, "1": 301} == site.powers()
        assert {"GPU-a": True, "GPU-b": True} == site.up()
        site.advance()

    assert 1 == site.vendors.opened


def test_a_lost_gpu_is_not_asked_again_before_the_library_is_opened_anew(site):
    """Each call for it may take seconds."""
    site.powers()
    site.other.error = GPULost("it fell off the bus")
    assert {"0": 300} == site.powers()
    site.other.error = AssertionError("it was asked again")

    assert {"0": 300} == site.powers()
    assert {"GPU-a": True, "GPU-b": False} == site.up()

    site.other.error = None
    site.advance()
    assert {"0": 300, "1": 301} == site.powers()
    assert (2, 2) == (site.vendors.opened, site.vendors.closed)


@pytest.mark.parametrize(("seconds", "opened"), [(0, 1), (59.9, 1), (60, 2)])
def test_a_library_is_opened_again_at_most_once_a_minute(site, seconds, opened):
    """However often it is asked."""
    site.vendors.error = DriverError("it is old")

    for wait in (0, seconds, 0):
        site.advance(wait)
        with pytest.raises(DriverError, match=r"^it is old$"):
            site.powers()

    assert opened == site.vendors.opened


def test_a_driver_that_fails_late_is_opened_again_at_once(site):
    """When its last opening was long ago."""
    site.powers()
    site.advance()
    site.other.error = DriverError("unloaded")
    with pytest.raises(DriverError, match="unloaded"):
        site.powers()
    site.other.error = None

    assert {"0": 300, "1": 301} == site.powers()


def test_where_there_is_no_driver_nothing_is_to_be_told(site):
    """Neither power nor up; the reason stays until the library is looked for again."""
    site.vendors.error = SensorUnavailable("not installed")

    with pytest.raises(SensorUnavailable, match="not installed"):
        site.powers()
    with pytest.raises(SensorUnavailable, match="not installed"):
        site.up()
    assert 1 == site.vendors.opened


def test_a_driver_that_vanishes_is_a_failure(site):
    """It was there before: its GPUs are down, and others are told why."""
    site.powers()
    site.vendors.error = SensorUnavailable("not loaded")
    site.other.error = DriverError("unloaded")
    site.advance()
    with pytest.raises(DriverError, match="unloaded"):
        site.powers()

    assert {"GPU-a": False, "GPU-b": False} == site.up()
    with pytest.raises(DriverError, match=r"^not loaded$"):
        site.powers()


def test_a_driver_that_never_worked_has_no_gpus_to_be_down(site):
    """What fails is the sensor."""
    site.vendors.error = DriverError("versions differ")

    with pytest.raises(DriverError, match="versions differ"):
        site.up()


def test_a_driver_without_gpus_has_nothing_to_tell(site):
    """It says of which driver that is."""
    site.vendors.boards.clear()

    with pytest.raises(SensorUnavailable, match="a driver has no GPU"):
        site.powers()


def test_a_gpu_that_does_not_answer_at_opening_is_down(site):
    """Under its index, until it tells its UUID."""
    site.vendors.boards[1] = "1"
    assert {"GPU-a": True, UNKNOWN: False} == site.up()
    assert {"0": 300} == site.powers()

    site.vendors.boards[1] = site.other
    site.advance()

    assert {"GPU-a": True, "GPU-b": True} == site.up()


def test_a_gpu_that_is_added_is_seen(site):
    """Within a minute, and by all sensors."""
    site.up()
    site.vendors.boards.append(Board("2", "GPU-c"))
    site.up()
    assert {"0": 300, "1": 301} == site.powers()

    site.advance()

    assert {"0": 300, "1": 301, "2": 302} == site.powers()


def test_a_gpu_that_is_removed_is_down(site):
    """For as long as the agent runs."""
    site.up()
    site.vendors.boards.pop()
    site.advance()
    site.up()

    assert {"GPU-a": True, "GPU-b": False} == site.up()


def test_a_gpu_that_is_lost_keeps_its_events(site):
    """They say why."""
    site.powers()
    site.other.error = GPULost("it fell off the bus")
    site.powers()

    values = site.driver.events("GPUErrors")

    assert [{("of", "GPU-a"): 1}, {("of", "GPU-b"): 1}] == [events for _, events in values]


def test_gpus_are_told_in_the_order_of_their_indices():
    """Ten comes after nine."""
    boards = [Board(str(index), f"GPU-{index}") for index in (10, 9, 0)]

    values = Driver(Library(*boards), Clock()).up("GPUInfo")

    assert ["0", "9", "10"] == [index for (index, _), _ in values]


INDICES = st.sampled_from("0123")
LABELS = st.sets(st.tuples(INDICES, st.sampled_from(["GPU-a", "GPU-b", "GPU-c", UNKNOWN])))


@given(LABELS, LABELS, st.lists(INDICES, unique=True))
def test_no_gpu_is_forgotten_nor_there_twice(before, present, silent):
    """Each UUID that was ever seen stays, under one index while it answers."""
    present = {labels for labels in present if labels[1] != UNKNOWN}

    found = ever_seen(before, present, silent)

    assert {uuid for _, uuid in before | present} - {UNKNOWN} <= {uuid for _, uuid in found}
    assert present <= found
    assert {labels[1] for labels in present}.isdisjoint(uuid for _, uuid in found - present)
