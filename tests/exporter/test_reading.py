"""When sensors are read, and what a failure costs."""

import logging
import threading

import pytest

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import gauge
from fructosa_exporter.reading import Reader, is_due, page
from fructosa_exporter.sensor import Sensor

COUNT = gauge("fructosa_test_count", "How often it was read.")


class Counting(Sensor):
    """Counts its readings.

    What it raises can be set.
    """

    COUNT = COUNT

    def __init__(self):
        self.count = 0
        self.error = None

    def samples(self):
        """Yield the count, and then perhaps fail."""
        self.count += 1
        yield COUNT.sample(self.count)
        if self.error:
            raise self.error


class Broken(Counting):
    """Fails."""

    def __init__(self):
        super().__init__()
        self.error = OSError("gone")


class Clock:
    """A clock that stands until it is set."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


def values(samples):
    """Return samples as a dictionary."""
    return {(sample.metric.name, sample.labels): sample.value for sample in samples}


@pytest.fixture
def clock():
    """A clock that stands."""
    return Clock()


@pytest.mark.parametrize(
    ("age_s", "interval_s", "expected"),
    [(0, 10, False), (8.9, 10, False), (9, 10, True), (11, 10, True), (0, 0, True)],
)
def test_a_tenth_of_slack_keeps_jitter_from_skipping_a_reading(age_s, interval_s, expected):
    """A scrape that comes a little early gets a new reading."""
    assert expected == is_due(age_s, interval_s)


def test_within_the_interval_the_last_reading_is_served_again(clock):
    """With its age."""
    reader = Reader(Counting(), 10, clock)
    first = values(reader.samples())
    clock.now_s += 5
    second = values(reader.samples())
    clock.now_s += 5
    third = values(reader.samples())

    assert [1, 1, 2] == [found["fructosa_test_count", ()] for found in (first, second, third)]
    ages = [found["fructosa_sensor_age_seconds", ("Counting",)] for found in (first, second, third)]
    assert [0, 5, 0] == ages


def test_a_broken_sensor_costs_only_its_own_samples(clock):
    """Also those that it had yielded before it failed."""
    found = values(page([Reader(Broken(), 1, clock), Reader(Counting(), 1, clock)]))

    assert found["fructosa_test_count", ()] == 1
    assert found["fructosa_sensor_success", ("Broken",)] == 0
    assert found["fructosa_sensor_success", ("Counting",)] == 1


@pytest.mark.parametrize("lack", [SensorUnavailable, NotImplementedError])
def test_what_the_machine_lacks_is_neither_zero_nor_an_error(clock, lack):
    """No samples, and the reading counts as right; psutil says so in its own way."""
    sensor = Counting()
    sensor.error = lack("no battery")
    reader = Reader(sensor, 1, clock)

    found = values(reader.samples())

    assert found["fructosa_sensor_success", ("Counting",)] == 1
    assert ("fructosa_test_count", ()) not in found
    assert reader.reading().absent == "no battery"


def test_a_failure_is_logged_when_it_begins_and_when_it_ends(clock, caplog):
    """Not at every scrape."""
    caplog.set_level(logging.INFO)
    sensor = Counting()
    reader = Reader(sensor, 0, clock)
    for error in (None, OSError("gone"), OSError("gone"), OSError("other"), None, None):
        sensor.error = error
        reader.reading()

    assert [
        "sensor Counting failed, its samples are missing: OSError: gone",
        "sensor Counting failed, its samples are missing: OSError: other",
        "sensor Counting can be read again",
    ] == caplog.messages


def test_scrapes_at_one_time_share_one_reading():
    """Two scrapers do not make the node work twice."""
    entered, leave = threading.Event(), threading.Event()

    class Slow(Counting):
        """Takes its time."""

        def samples(self):
            entered.set()
            assert leave.wait(10)
            return super().samples()

    reader = Reader(Slow(), 10)
    found = []
    threads = [threading.Thread(target=lambda: found.append(reader.reading())) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    leave.set()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert reader.sensor.count == 1


def test_a_scrape_that_waits_for_a_slow_reading_shares_it(clock):
    """Also when that took longer than the interval: else scrapes would queue up behind it."""
    entered, asked = threading.Event(), threading.Event()

    class Slow(Counting):
        """Takes a minute, in which another scrape comes."""

        def samples(self):
            entered.set()
            assert asked.wait(10)
            clock.now_s += 60
            return super().samples()

    def late_clock():
        if threading.current_thread() is late:
            asked.set()
        return clock()

    reader = Reader(Slow(), 10, late_clock)
    found = []
    early, late = (
        threading.Thread(target=lambda: found.append(reader.reading())) for _ in range(2)
    )
    early.start()
    assert entered.wait(10)
    late.start()
    late.join()
    early.join()

    assert len(found) == 2
    assert reader.sensor.count == 1


def test_a_reading_that_took_long_is_replaced_when_it_is_due(clock):
    """Its age is counted from its beginning, so that an interval has its reading."""

    class Slow(Counting):
        """Takes most of its interval."""

        def samples(self):
            clock.now_s += 8
            return super().samples()

    reader = Reader(Slow(), 10, clock)
    reader.reading()
    clock.now_s += 2

    reader.reading()

    assert reader.sensor.count == 2
