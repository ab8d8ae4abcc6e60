"""The driver of a vendor: opening the library, and GPUs that are lost."""

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
    LibraryReplaced,
    known_gpus,
)

from .node import Clock


class Board:
    """A GPU that raises its *error* when it is queried."""

    def __init__(self, index, uuid):
        self.index, self.uuid, self.error = index, uuid, None

    def check(self):
        """Raise the error, if any."""
        if self.error:
            raise self.error

    def power(self):
        """Return a number."""
        self.check()
        return 300 + int(self.index)


class Library:
    """A fake library with *boards*, indices of unresponsive GPUs, or an *error*."""

    name = "a driver"

    def __init__(self, *boards):
        self.boards, self.error = list(boards), None
        self.opened = self.closed = 0
        self.opening = lambda: None

    def open(self):
        """Return the boards, or raise the error."""
        self.opened += 1
        self.opening()
        if self.error:
            raise self.error
        return list(self.boards)

    def count(self):
        """Return the number of boards, or raise the error."""
        if self.error:
            raise self.error
        return len(self.boards)

    def events(self, uuid):
        """Return one event for each GPU."""
        return {("of", uuid): 1}

    def close(self):
        """Count the calls."""
        self.closed += 1


class Site:
    """A driver with two GPUs, a library and a clock."""

    def __init__(self):
        self.one, self.other = Board("0", "GPU-a"), Board("1", "GPU-b")
        self.vendors, self.clock = Library(self.one, self.other), Clock()
        self.driver = Driver(self.vendors, self.clock)

    def powers(self):
        """Return the power of GPUs by index."""
        return {
            labels[0]: watts for labels, watts in self.driver.query_each("GPUPower", Board.power)
        }

    def up(self):
        """Return the state of GPUs, by UUID."""
        return {labels[1]: is_up for labels, is_up in self.driver.up("GPUInfo")}

    def advance(self, seconds=REOPEN_S):
        """Advance the clock."""
        self.clock.now_s += seconds


@pytest.fixture
def site():
    """A driver with two GPUs."""
    return Site()


def test_a_library_is_opened_at_the_first_query(site):
    """It stays open while nothing fails."""
    assert 0 == site.vendors.opened

    for _ in range(3):
        assert {"0": 300, "1": 301} == site.powers()
        assert {"GPU-a": True, "GPU-b": True} == site.up()
        site.advance()

    assert 1 == site.vendors.opened


def test_a_lost_gpu_is_not_queried_until_the_library_is_reopened(site):
    """Each call may take seconds."""
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
def test_a_library_is_reopened_at_most_once_a_minute(site, seconds, opened):
    """However often it is queried."""
    site.vendors.error = DriverError("it is old")

    for wait in (0, seconds, 0):
        site.advance(wait)
        with pytest.raises(DriverError, match=r"^it is old$"):
            site.powers()

    assert opened == site.vendors.opened


def test_a_library_that_fails_late_is_reopened_at_once(site):
    """It was opened more than a minute ago."""
    site.powers()
    site.advance()
    site.other.error = DriverError("unloaded")
    with pytest.raises(DriverError, match="unloaded"):
        site.powers()
    site.other.error = None

    assert {"0": 300, "1": 301} == site.powers()


def test_a_library_that_was_replaced_is_reopened_by_the_same_reading(site):
    """The new one is loaded; nothing is missing."""
    site.powers()
    site.one.error = LibraryReplaced("versions differ")
    site.vendors.opening = lambda: setattr(site.one, "error", None)

    assert {"0": 300, "1": 301} == site.powers()
    assert 2 == site.vendors.opened


def test_a_library_that_stays_replaced_is_reopened_once_a_minute(site):
    """Opening may take seconds, and does not help."""
    site.powers()
    site.one.error = LibraryReplaced("versions differ")

    for wait_s, opened in ((0, 2), (0, 2), (59, 2), (1, 3)):
        site.advance(wait_s)
        with pytest.raises(DriverError, match="versions differ"):
            site.powers()
        assert opened == site.vendors.opened


def test_sensors_are_unavailable_without_a_driver(site):
    """The reason stays until the library is opened again."""
    site.vendors.error = SensorUnavailable("not installed")

    with pytest.raises(SensorUnavailable, match="not installed"):
        site.powers()
    with pytest.raises(SensorUnavailable, match="not installed"):
        site.up()
    assert 1 == site.vendors.opened


def test_a_driver_that_is_unloaded_is_a_failure(site):
    """It worked before: its GPUs are down, and other sensors report the reason."""
    site.powers()
    site.vendors.error = SensorUnavailable("not loaded")
    site.other.error = DriverError("unloaded")
    site.advance()
    with pytest.raises(DriverError, match="unloaded"):
        site.powers()

    assert {"GPU-a": False, "GPU-b": False} == site.up()
    with pytest.raises(DriverError, match=r"^not loaded$"):
        site.powers()


def test_a_driver_that_never_worked_has_no_known_gpus(site):
    """The sensor of their state fails."""
    site.vendors.error = DriverError("versions differ")

    with pytest.raises(DriverError, match="versions differ"):
        site.up()


def test_sensors_are_unavailable_without_gpus(site):
    """The message names the driver."""
    site.vendors.boards.clear()

    with pytest.raises(SensorUnavailable, match="a driver found no GPU"):
        site.powers()


def test_a_gpu_that_does_not_respond_at_opening_is_down(site):
    """With an unknown UUID until it responds."""
    site.vendors.boards[1] = "1"
    assert {"GPU-a": True, UNKNOWN: False} == site.up()
    assert {"0": 300} == site.powers()

    site.vendors.boards[1] = site.other
    site.advance()

    assert {"0": 300, "1": 301} == site.powers()  # whichever sensor asks
    assert {"GPU-a": True, "GPU-b": True} == site.up()


def test_an_added_gpu_is_found(site):
    """Within a minute, for all sensors."""
    site.up()
    site.vendors.boards.append(Board("2", "GPU-c"))
    site.up()
    assert {"0": 300, "1": 301} == site.powers()

    site.advance()

    assert {"0": 300, "1": 301, "2": 302} == site.powers()


def test_a_gpu_that_is_removed_is_down(site):
    """Until the agent exits."""
    site.up()
    site.vendors.boards.pop()
    site.advance()
    site.up()

    assert {"GPU-a": True, "GPU-b": False} == site.up()


def test_a_gpu_that_is_lost_keeps_its_events(site):
    """They are the reason."""
    site.powers()
    site.other.error = GPULost("it fell off the bus")
    site.powers()

    values = site.driver.events("GPUErrors")

    assert [{("of", "GPU-a"): 1}, {("of", "GPU-b"): 1}] == [events for _, events in values]


def test_gpus_are_sorted_by_index():
    """10 comes after 9."""
    boards = [Board(str(index), f"GPU-{index}") for index in (10, 9, 0)]

    values = Driver(Library(*boards), Clock()).up("GPUInfo")

    assert ["0", "9", "10"] == [index for (index, _), _ in values]


INDICES = st.sampled_from("0123")
LABELS = st.sets(st.tuples(INDICES, st.sampled_from(["GPU-a", "GPU-b", "GPU-c", UNKNOWN])))


@given(LABELS, LABELS, st.lists(INDICES, unique=True))
def test_known_gpus_are_complete_and_unique(before, present, unresponsive):
    """Each known UUID stays, under one index while it responds."""
    present = {labels for labels in present if labels[1] != UNKNOWN}

    found = known_gpus(before, present, unresponsive)

    assert {uuid for _, uuid in before | present} - {UNKNOWN} <= {uuid for _, uuid in found}
    assert present <= found
    assert {labels[1] for labels in present}.isdisjoint(uuid for _, uuid in found - present)
