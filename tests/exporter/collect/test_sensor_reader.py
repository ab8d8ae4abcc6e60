"""When a sensor is read, and how its errors are handled."""

import logging

import pytest

from fructosa_exporter.collect.sensor_reader import (
    HAS_FAILED,
    HAS_NOT_BEGUN,
    HAS_NOT_CLOSED,
    HIDDEN_S,
    IS_SHOWN,
    NEEDS_RIGHTS,
    WORKS_AGAIN,
    SensorReader,
    is_due,
)
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Family, Rows, gauge
from fructosa_exporter.page.exposition import Format
from fructosa_exporter.sensor import Sensor, SensorOptions

COUNT = gauge("fructosa_test_count", "How often it was read.")
SIZE = gauge("fructosa_test_size", "Sizes.", "of")


class Scripted(Sensor):
    """Yields items, and then raises an error, if there is one."""

    COUNT = COUNT
    SIZE = SIZE
    rights = "to be root"

    def __init__(self, *items, error=None, **options):
        super().__init__(SensorOptions(**options))
        self.items = items
        self.error = error

    def samples(self):
        """Yield and fail."""
        yield from self.items
        if self.error:
            raise self.error


class Clock:
    """A clock that only moves when it is set."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    """A fake clock."""
    return Clock()


def read(reader):
    """Read the sensor as a collector does; return the reading."""
    reader.mark_submitted()
    reader.finish(reader.run())
    return reader.last


@pytest.mark.parametrize(
    ("age_s", "interval_s", "expected"),
    [(0, 10, False), (8.9, 10, False), (9, 10, True), (11, 10, True), (0, 0, True)],
)
def test_a_reading_is_replaced_a_tenth_of_the_interval_early(age_s, interval_s, expected):
    """A scrape that is slightly early gets a new reading."""
    assert expected == is_due(age_s, interval_s)


def test_a_sensor_is_read_if_its_reading_is_missing_or_old(clock):
    """But not while a reading is pending."""
    reader = SensorReader(Scripted(time_interval=10), clock)
    needed = [reader.needs_reading(100)]
    reader.mark_submitted()
    needed.append(reader.needs_reading(100))
    reader.finish(reader.run())
    needed += [reader.needs_reading(now_s) for now_s in (100, 105, 109)]

    assert [True, False, False, False, True] == needed


def test_a_reading_has_all_that_the_sensor_yields(clock):
    """Samples, rows and families."""
    family = Family("jobs", "gauge", "Jobs.", ("jobs 1",))
    rows = Rows(SIZE.keys([("a",), ("b",)]), [2, 3.5])

    reading = read(SensorReader(Scripted(COUNT.sample(1), rows, family), clock))

    expected = [((COUNT, ()), 1), ((SIZE, ("a",)), 2), ((SIZE, ("b",)), 3.5)]
    assert expected == reading.samples
    assert (family,) == reading.families
    assert None is reading.error is reading.unavailable


def test_a_reading_has_its_start_and_duration(clock):
    """On the clock that is passed."""

    class Slow(Scripted):
        """Takes eight seconds."""

        def samples(self):
            clock.now_s += 8
            return super().samples()

    reading = read(SensorReader(Slow(), clock))

    assert (100, 8) == (reading.began_s, reading.duration_s)


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([COUNT.sample(1)], OSError("gone")),
        ([COUNT.sample(1)], RecursionError("deep")),
        ([COUNT.sample(1)], SystemExit(1)),
        ([COUNT.sample(1), COUNT.sample(2)], None),
        ([Rows(SIZE.keys([("a",)]), ["1"])], None),
        ([Rows(SIZE.keys([("a",)]), [True])], None),
        ([Rows(SIZE.keys([("a",), ("b",)]), [1])], None),
        ([COUNT.sample(10**400)], None),
        ([None], None),
    ],
)
def test_a_reading_that_fails_has_no_samples(clock, items, error):
    """Neither those yielded before the error nor any that would break the page."""
    reading = read(SensorReader(Scripted(*items, error=error), clock))

    assert reading.error
    assert () == reading.values
    assert reading.render(Format.TEXT) == ""


@pytest.mark.parametrize("lack", [SensorUnavailable, NotImplementedError])
def test_missing_hardware_is_not_an_error(clock, lack):
    """There are no samples. psutil raises NotImplementedError for it."""
    reading = read(SensorReader(Scripted(COUNT.sample(1), error=lack("no battery")), clock))

    assert ("no battery", None, ()) == (reading.unavailable, reading.error, reading.values)


def test_a_missing_permission_is_reported(clock):
    """With the file, and the privilege that the sensor needs."""
    error = PermissionError(13, "Permission denied", "/sys/energy")

    reading = read(SensorReader(Scripted(error=error), clock))

    denied = "[Errno 13] Permission denied: '/sys/energy'"
    assert NEEDS_RIGHTS.format(reason=denied, rights="to be root") == reading.error


def test_a_failure_is_logged_when_it_begins_and_when_it_ends(clock, caplog):
    """Not at each scrape."""
    caplog.set_level(logging.INFO)
    sensor = Scripted()
    reader = SensorReader(sensor, clock)
    for error in (None, OSError("gone"), OSError("gone"), OSError("other"), None, None):
        sensor.error = error
        read(reader)

    assert [
        HAS_FAILED % ("Scripted", "OSError: gone"),
        HAS_FAILED % ("Scripted", "OSError: other"),
        WORKS_AGAIN % "Scripted",
    ] == caplog.messages


def test_series_may_come_and_go(clock):
    """As those of hot-plugged disks and interfaces do."""
    sensor = Scripted()
    reader = SensorReader(sensor, clock)
    found = []
    for devices in (["a"], ["a", "b"], ["b"], ["b", "c"]):
        sensor.items = [SIZE.sample(1, device) for device in devices]
        found.append([labels for (_, labels), _ in read(reader).samples])

    assert [[("a",)], [("a",), ("b",)], [("b",)], [("b",), ("c",)]] == found


def test_an_old_reading_does_not_change(clock):
    """A page may still need it while the sensor is read again."""
    sensor = Scripted(SIZE.sample(1, "a"))
    reader = SensorReader(sensor, clock)
    first = read(reader)
    sensor.items = [SIZE.sample(2, "a"), SIZE.sample(3, "b")]
    read(reader)

    assert 'fructosa_test_size{of="a"} 1\n' in first.render(Format.TEXT)
    assert [((SIZE, ("a",)), 1)] == first.samples


def test_a_sensor_that_cannot_begin_is_only_read(caplog):
    """It must not keep lagent from starting, or from stopping."""

    class Unready(Scripted):
        def begin(self):
            raise OSError("no")

        def close(self):
            raise OSError("still no")

    reader = SensorReader(Unready(COUNT.sample(1)))
    reader.begin()
    reader.close()

    assert [
        HAS_NOT_BEGUN % ("Unready", "OSError: no"),
        HAS_NOT_CLOSED % ("Unready", "OSError: still no"),
    ] == caplog.messages
    assert (1,) == reader.run().values


def test_a_hidden_sensor_is_read_once_a_minute_until_it_finds_something(clock, caplog):
    """As a GPU whose driver is loaded after lagent has started."""
    caplog.set_level(logging.INFO)
    sensor = Scripted(error=SensorUnavailable("no GPU"), time_interval=5)
    reader = SensorReader(sensor, clock)
    reader.is_hidden = True
    read(reader)
    assert [False, True] == [reader.needs_reading(100 + later_s) for later_s in (50, HIDDEN_S)]
    assert reader.is_hidden

    sensor.error = None
    clock.now_s += HIDDEN_S
    read(reader)

    assert not reader.is_hidden
    assert reader.needs_reading(clock.now_s + 5)
    assert [IS_SHOWN % reader.name] == [record.getMessage() for record in caplog.records]
