"""Which readings a scrape waits for, and for how long."""

import logging
import math
import threading
import time

import pytest

from fructosa_exporter.collect.collector import Collector, collect_now
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor, SensorOptions

COUNT = gauge("fructosa_test_count", "How often it was read.")


class Counting(Sensor):
    """Counts its readings; hangs while it may not go on."""

    COUNT = COUNT

    def __init__(self, **options):
        super().__init__(SensorOptions(**options))
        self.count = 0
        self.entered = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def samples(self):
        """Yield the count."""
        self.count += 1
        self.entered.set()
        assert self.may_go_on.wait(60)
        yield COUNT.sample(self.count)


class Loop:
    """What drives a collector, as the server's loop does."""

    def __init__(self):
        self.woken = threading.Event()
        self.collector = Collector(self.woken.set)
        self.pages = []

    def ask(self, *readers, timeout_s=30.0):
        """Ask for a page; its states will be the next of ``pages``."""
        self.collector.collect(readers, timeout_s, self.pages.append)

    def page(self, number=1):
        """Run until there are so many pages; return the last, by the sensors' order."""
        while True:
            again_s = self.collector.poll()
            if len(self.pages) >= number:
                return self.pages[-1]
            self.woken.wait(min(again_s - time.monotonic(), 60))
            self.woken.clear()

    def scrape(self, *readers, timeout_s=30.0):
        """Ask, and wait for the page."""
        self.ask(*readers, timeout_s=timeout_s)
        return self.page(len(self.pages) + 1)


@pytest.fixture
def loop():
    """A loop of a test."""
    return Loop()


@pytest.fixture
def hanging():
    """A sensor that hangs until the test ends."""
    sensor = Counting(time_interval=0, deadline=0.1)
    sensor.may_go_on.clear()
    yield sensor
    sensor.may_go_on.set()


def count(state):
    """Return the value on the page; None where it has none."""
    return state.reading.values[0] if state.reading else None


def test_within_the_interval_the_last_reading_is_served_again(loop):
    """With its age."""
    reader = SensorReader(Counting(time_interval=1000))

    (first,), (second,) = loop.scrape(reader), loop.scrape(reader)

    assert 1 == count(first) == count(second)
    assert second.age_s >= first.age_s >= 0


def test_a_sensor_is_read_again_when_its_interval_is_over(loop):
    """With an interval of nothing: at each scrape."""
    reader = SensorReader(Counting(time_interval=0))

    assert [1, 2, 3] == [count(loop.scrape(reader)[0]) for _ in range(3)]


def test_scrapes_at_one_time_share_a_reading(loop):
    """Two scrapers do not make the node work twice."""
    reader = SensorReader(Counting(time_interval=0))
    for _ in range(8):
        loop.ask(reader)

    loop.page(8)

    assert [[1]] * 8 == [[count(state) for state in page] for page in loop.pages]


def test_a_page_has_what_was_read_for_it_though_it_is_read_again_for_another_one(loop):
    """The other one came while the page still waited for a slower sensor."""
    slow, quick = Counting(time_interval=0, deadline=60), Counting(time_interval=0)
    slow.may_go_on.clear()
    slower, quicker = SensorReader(slow), SensorReader(quick)
    loop.ask(quicker, slower)
    while quicker.is_under_way:
        loop.collector.poll()

    quick.may_go_on.clear()
    loop.ask(quicker)
    slow.may_go_on.set()
    first = loop.page(1)
    quick.may_go_on.set()
    second = loop.page(2)

    assert [1, 1] == [count(state) for state in first]
    assert [2] == [count(state) for state in second]


def test_who_asks_again_at_once_takes_nothing_from_the_page_of_others(loop):
    """Its next request may be there already when it is answered."""
    reader, again = SensorReader(Counting(time_interval=0)), []
    loop.collector.collect(
        [reader], 30.0, lambda _: loop.collector.collect([reader], 30.0, again.append)
    )
    loop.ask(reader)

    (state,) = loop.page()

    assert 1 == count(state)


def test_who_asks_again_at_once_is_answered_at_once(loop):
    """Also where nothing is read for it, and so nothing wakes the loop."""
    reader, again = SensorReader(Counting(time_interval=1000)), []
    loop.scrape(reader)
    loop.collector.collect(
        [reader], 30.0, lambda _: loop.collector.collect([reader], 30.0, again.append)
    )

    poll_again_s = loop.collector.poll()
    now_s = time.monotonic()
    loop.collector.poll()

    assert poll_again_s <= now_s
    assert [[1]] == [[count(state) for state in page] for page in again]


def test_a_sensor_that_hangs_costs_only_its_own_samples(loop, hanging):
    """The page waits for it until its deadline; then it says that this one failed."""
    works, hangs = SensorReader(Counting()), SensorReader(hanging)

    stuck, fine = loop.scrape(hangs, works)

    assert (None, 1) == (count(stuck), count(fine))
    assert (False, True) == (stuck.is_success, fine.is_success)
    assert stuck.duration_s >= 0.1
    assert stuck.age_s is None


def test_no_second_call_is_made_while_one_is_stuck(loop, hanging):
    """Nobody waits for it any more, and no thread is added."""
    works, hangs = SensorReader(Counting(time_interval=0)), SensorReader(hanging)
    loop.scrape(hangs, works)
    threads = threading.active_count()

    pages = [loop.scrape(hangs, works) for _ in range(100)]

    assert hanging.count == 1
    assert threads == threading.active_count()
    assert list(range(2, 102)) == [count(fine) for _, fine in pages]


def test_a_stuck_sensor_that_returns_is_read_again(loop, hanging, caplog):
    """Its late reading is no longer what a page wants. Both are logged, once."""
    caplog.set_level(logging.INFO)
    hangs = SensorReader(hanging)
    for _ in range(3):
        loop.scrape(hangs)
    hanging.may_go_on.set()
    while hangs.is_under_way:
        loop.collector.poll()

    (state,) = loop.scrape(hangs)

    assert 2 == count(state)
    assert state.is_success
    hung, returned = caplog.messages
    assert hung == (
        "sensor Counting has hung for 0.1 s; pages are served without it until it returns"
    )
    assert returned.startswith("sensor Counting returned after ")


def test_the_page_is_there_in_time_whatever_hangs(loop):
    """Also where the sensors' own deadlines are later."""
    sensors = [Counting(deadline=3600) for _ in range(5)]
    for sensor in sensors:
        sensor.may_go_on.clear()
    began_s = time.monotonic()

    page = loop.scrape(*map(SensorReader, sensors), timeout_s=0.3)

    assert [None] * 5 == [count(state) for state in page]
    assert 0.3 <= time.monotonic() - began_s < 30
    for sensor in sensors:
        sensor.may_go_on.set()


def test_a_slow_sensor_does_not_hold_up_those_behind_it(loop):
    """They get another thread, and all are on the page."""
    slow, quick = Counting(deadline=60), [Counting() for _ in range(3)]
    slow.may_go_on.clear()

    def release():
        assert quick[-1].entered.wait(30)  # it could not be entered behind the slow one
        slow.may_go_on.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    page = loop.scrape(*map(SensorReader, [slow, *quick]))
    releasing.join()

    assert [1] * 4 == [count(state) for state in page]


def test_a_collector_has_nothing_to_do_while_nobody_asks(loop):
    """An idle agent costs nothing."""
    loop.scrape(SensorReader(Counting()))

    assert math.inf == loop.collector.poll()


def test_what_was_never_asked_for_was_never_read(loop):
    """Each scrape reads what it asks for."""
    asked, other = Counting(), Counting()
    readers = [SensorReader(asked), SensorReader(other)]

    loop.scrape(readers[0])

    assert (1, 0) == (asked.count, other.count)


def test_reading_at_once_waits_for_all():
    """For commands that print."""
    first, second = collect_now([SensorReader(Counting()), SensorReader(Counting())])

    assert (1, 1) == (count(first), count(second))
    assert [] == collect_now([])


class OfADevice(Counting):
    """Asks a driver, which may take long."""

    slowness = 1


def test_who_asks_a_device_is_read_after_all_others(loop):
    """Wherever it stands on the page: a slow driver must not make others late."""
    device, other = (
        SensorReader(OfADevice(time_interval=0)),
        SensorReader(Counting(time_interval=0)),
    )

    first, second = loop.scrape(device, other)

    assert (device.sensor, other.sensor) == (first.sensor, second.sensor)
    assert second.reading.began_s < first.reading.began_s
