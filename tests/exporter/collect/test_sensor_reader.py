"""When sensors are read, and what a failure costs."""

import logging

import pytest

from fructosa_exporter.collect.sensor_reader import SensorReader, is_due
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Family, Rows, gauge
from fructosa_exporter.page.exposition import Format
from fructosa_exporter.sensor import Sensor, SensorOptions

COUNT = gauge("fructosa_test_count", "How often it was read.")
SIZE = gauge("fructosa_test_size", "Sizes.", "of")


class Scripted(Sensor):
    """Yields what it is told to, and then perhaps fails."""

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
    """A clock that stands until it is set."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    """A clock that stands."""
    return Clock()


def read(reader):
    """Have the reader read, as a collector does."""
    reader.mark_submitted()
    reader.finish(reader.run())
    return reader.last


@pytest.mark.parametrize(
    ("age_s", "interval_s", "expected"),
    [(0, 10, False), (8.9, 10, False), (9, 10, True), (11, 10, True), (0, 0, True)],
)
def test_a_tenth_of_slack_keeps_jitter_from_skipping_a_reading(age_s, interval_s, expected):
    """A scrape that comes a little early gets a new reading."""
    assert expected == is_due(age_s, interval_s)


def test_a_reading_is_wanted_when_there_is_none_or_it_is_old(clock):
    """And not while one is under way."""
    reader = SensorReader(Scripted(time_interval=10), clock)
    found = [reader.is_wanted(100)]
    reader.mark_submitted()
    found.append(reader.is_wanted(100))
    reader.finish(reader.run())
    found += [reader.is_wanted(now_s) for now_s in (100, 105, 109)]

    assert [True, False, False, False, True] == found


def test_a_reading_has_what_the_sensor_told(clock):
    """Sample by sample, in rows, and what others declared."""
    family = Family("jobs", "gauge", "Jobs.", ("jobs 1",))
    rows = Rows(SIZE.keys([("a",), ("b",)]), [2, 3.5])

    reading = read(SensorReader(Scripted(COUNT.sample(1), rows, family), clock))

    expected = [((COUNT, ()), 1), ((SIZE, ("a",)), 2), ((SIZE, ("b",)), 3.5)]
    assert expected == reading.samples
    assert (family,) == reading.families
    assert None is reading.error is reading.absent


def test_a_reading_says_when_it_began_and_how_long_it_took(clock):
    """On the clock that it is given."""

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
def test_a_sensor_that_fails_gives_nothing_at_all(clock, items, error):
    """Neither what it told before nor anything that would break the page."""
    reading = read(SensorReader(Scripted(*items, error=error), clock))

    assert reading.error
    assert () == reading.values
    assert reading.text(Format.TEXT) == ""


@pytest.mark.parametrize("lack", [SensorUnavailable, NotImplementedError])
def test_what_the_machine_lacks_is_no_error(clock, lack):
    """No samples; psutil says so in its own way."""
    reading = read(SensorReader(Scripted(COUNT.sample(1), error=lack("no battery")), clock))

    assert ("no battery", None, ()) == (reading.absent, reading.error, reading.values)


def test_a_right_that_is_missing_is_named(clock):
    """With the file, and what the sensor needs."""
    error = PermissionError(13, "Permission denied", "/sys/energy")

    reading = read(SensorReader(Scripted(error=error), clock))

    expected = "[Errno 13] Permission denied: '/sys/energy'; the sensor needs to be root"
    assert expected == reading.error


def test_a_failure_is_logged_when_it_begins_and_when_it_ends(clock, caplog):
    """Not at every scrape."""
    caplog.set_level(logging.INFO)
    sensor = Scripted()
    reader = SensorReader(sensor, clock)
    for error in (None, OSError("gone"), OSError("gone"), OSError("other"), None, None):
        sensor.error = error
        read(reader)

    assert [
        "sensor Scripted failed, its samples are missing: OSError: gone",
        "sensor Scripted failed, its samples are missing: OSError: other",
        "sensor Scripted can be read again",
    ] == caplog.messages


def test_series_that_come_and_go_are_on_the_page_as_they_are(clock):
    """Hot-plugged disks and interfaces: what is prepared follows."""
    sensor = Scripted()
    reader = SensorReader(sensor, clock)
    found = []
    for devices in (["a"], ["a", "b"], ["b"], ["b", "c"]):
        sensor.items = [SIZE.sample(1, device) for device in devices]
        found.append([labels for (_, labels), _ in read(reader).samples])

    assert [[("a",)], [("a",), ("b",)], [("b",)], [("b",), ("c",)]] == found


def test_what_was_served_before_stays_as_it_was(clock):
    """A page that is being sent does not change when the sensor is read anew."""
    sensor = Scripted(SIZE.sample(1, "a"))
    reader = SensorReader(sensor, clock)
    first = read(reader)
    sensor.items = [SIZE.sample(2, "a"), SIZE.sample(3, "b")]
    read(reader)

    assert 'fructosa_test_size{of="a"} 1\n' in first.text(Format.TEXT)
    assert [((SIZE, ("a",)), 1)] == first.samples
