"""Which readings a scrape gets, and how long it waits for them."""

import logging
import math
import threading
import time

import pytest

from fructosa_exporter.collect.collector import Collector, collect_now
from fructosa_exporter.collect.sensor_reader import HAS_HUNG, SensorReader
from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor, SensorOptions

COUNT = gauge("fructosa_test_count", "How often it was read.")


class Counting(Sensor):
    """Counts its readings; hangs until ``may_go_on`` is set."""

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
    """Drives a collector as the server does."""

    def __init__(self):
        self.woken = threading.Event()
        self.collector = Collector(self.woken.set)
        self.pages = []

    def request(self, *readers, timeout_s=30.0):
        """Request a page; its states will be the next of ``pages``."""
        self.collector.collect(readers, timeout_s, self.pages.append)

    def page(self, number=1):
        """Run until there are so many pages; return the last one."""
        while True:
            next_poll_s = self.collector.poll()
            if len(self.pages) >= number:
                return self.pages[-1]
            self.woken.wait(min(next_poll_s - time.monotonic(), 60))
            self.woken.clear()

    def scrape(self, *readers, timeout_s=30.0):
        """Request a page, and wait for it."""
        self.request(*readers, timeout_s=timeout_s)
        return self.page(len(self.pages) + 1)


@pytest.fixture
def loop():
    """A collector and its loop."""
    return Loop()


@pytest.fixture
def hanging():
    """A sensor that hangs until the test ends."""
    sensor = Counting(time_interval=0, deadline=0.1)
    sensor.may_go_on.clear()
    yield sensor
    sensor.may_go_on.set()


def count(state):
    """Return the count on the page; None if it has none."""
    return state.reading.values[0] if state.reading else None


def test_within_the_interval_scrapes_get_the_last_reading(loop):
    """And its age."""
    reader = SensorReader(Counting(time_interval=1000))

    (first,), (second,) = loop.scrape(reader), loop.scrape(reader)

    assert 1 == count(first) == count(second)
    assert second.age_s >= first.age_s >= 0


def test_a_sensor_is_read_again_after_its_interval(loop):
    """With an interval of zero, at each scrape."""
    reader = SensorReader(Counting(time_interval=0))

    assert [1, 2, 3] == [count(loop.scrape(reader)[0]) for _ in range(3)]


def test_concurrent_scrapes_share_a_reading(loop):
    """Two scrapers don't cost the node twice the time."""
    reader = SensorReader(Counting(time_interval=0))
    for _ in range(8):
        loop.request(reader)

    loop.page(8)

    assert [[1]] * 8 == [[count(state) for state in page] for page in loop.pages]


def test_a_page_gets_its_reading_even_if_another_scrape_starts_a_new_one(loop):
    """The other scrape comes while the page still waits for a slower sensor."""
    slow, quick = Counting(time_interval=0, deadline=60), Counting(time_interval=0)
    slow.may_go_on.clear()
    slower, quicker = SensorReader(slow), SensorReader(quick)
    loop.request(quicker, slower)
    while quicker.is_pending:
        loop.collector.poll()

    quick.may_go_on.clear()
    loop.request(quicker)
    slow.may_go_on.set()
    first = loop.page(1)
    quick.may_go_on.set()
    second = loop.page(2)

    assert [1, 1] == [count(state) for state in first]
    assert [2] == [count(state) for state in second]


def test_a_request_made_in_respond_does_not_affect_other_pages(loop):
    """A client's next request may be there already when its page is sent."""
    reader, again = SensorReader(Counting(time_interval=0)), []
    loop.collector.collect(
        [reader], 30.0, lambda _: loop.collector.collect([reader], 30.0, again.append)
    )
    loop.request(reader)

    (state,) = loop.page()

    assert 1 == count(state)


def test_a_request_made_in_respond_is_served_at_the_next_poll(loop):
    """Even if nothing is read for it, so that nothing wakes the loop."""
    reader, again = SensorReader(Counting(time_interval=1000)), []
    loop.scrape(reader)
    loop.collector.collect(
        [reader], 30.0, lambda _: loop.collector.collect([reader], 30.0, again.append)
    )

    next_poll_s = loop.collector.poll()
    now_s = time.monotonic()
    loop.collector.poll()

    assert next_poll_s <= now_s
    assert [[1]] == [[count(state) for state in page] for page in again]


def test_a_sensor_that_hangs_does_not_affect_others(loop, hanging):
    """The page waits for it until its deadline, and then reports it as failed."""
    works, hangs = SensorReader(Counting()), SensorReader(hanging)

    stuck, fine = loop.scrape(hangs, works)

    assert (None, 1) == (count(stuck), count(fine))
    assert (False, True) == (stuck.is_success, fine.is_success)
    assert stuck.duration_s >= 0.1
    assert stuck.age_s is None


def test_a_stuck_sensor_is_not_read_again(loop, hanging):
    """Further scrapes don't wait for it, and no thread is added."""
    works, hangs = SensorReader(Counting(time_interval=0)), SensorReader(hanging)
    loop.scrape(hangs, works)
    threads = threading.active_count()

    pages = [loop.scrape(hangs, works) for _ in range(100)]

    assert hanging.count == 1
    assert threads == threading.active_count()
    assert list(range(2, 102)) == [count(fine) for _, fine in pages]


def test_a_stuck_sensor_that_returns_is_read_again(loop, hanging, caplog):
    """Its late reading is not served. Both events are logged once."""
    caplog.set_level(logging.INFO)
    hangs = SensorReader(hanging)
    for _ in range(3):
        loop.scrape(hangs)
    hanging.may_go_on.set()
    while hangs.is_pending:
        loop.collector.poll()

    (state,) = loop.scrape(hangs)

    assert 2 == count(state)
    assert state.is_success
    hung, returned = caplog.messages
    assert HAS_HUNG % ("Counting", 0.1) == hung
    assert returned.startswith("sensor Counting returned after ")


def test_a_page_is_ready_within_its_timeout(loop):
    """Even if the deadlines of the sensors are later."""
    sensors = [Counting(deadline=3600) for _ in range(5)]
    for sensor in sensors:
        sensor.may_go_on.clear()
    began_s = time.monotonic()

    page = loop.scrape(*map(SensorReader, sensors), timeout_s=0.3)

    assert [None] * 5 == [count(state) for state in page]
    assert 0.3 <= time.monotonic() - began_s < 30
    for sensor in sensors:
        sensor.may_go_on.set()


def test_a_slow_sensor_does_not_delay_others(loop):
    """They get another thread, and the page has all of them."""
    slow, quick = Counting(deadline=60), [Counting() for _ in range(3)]
    slow.may_go_on.clear()

    def release():
        assert quick[-1].entered.wait(30)  # in one thread, it would have to wait for the slow one
        slow.may_go_on.set()

    releasing = threading.Thread(target=release)
    releasing.start()
    page = loop.scrape(*map(SensorReader, [slow, *quick]))
    releasing.join()

    assert [1] * 4 == [count(state) for state in page]


def test_an_idle_collector_needs_no_polls(loop):
    """So an idle agent uses no CPU time."""
    loop.scrape(SensorReader(Counting()))

    assert math.inf == loop.collector.poll()


def test_only_requested_sensors_are_read(loop):
    """Others are not read at all."""
    requested, other = Counting(), Counting()
    readers = [SensorReader(requested), SensorReader(other)]

    loop.scrape(readers[0])

    assert (1, 0) == (requested.count, other.count)


def test_collect_now_waits_for_all_sensors():
    """As the commands need it."""
    first, second = collect_now([SensorReader(Counting()), SensorReader(Counting())])

    assert (1, 1) == (count(first), count(second))
    assert [] == collect_now([])


class SlowCounting(Counting):
    """A sensor that may be slow."""

    slowness = 1


def test_slow_sensors_are_read_last(loop):
    """Whatever the order on the page, so that they don't delay the others."""
    device, other = (
        SensorReader(SlowCounting(time_interval=0)),
        SensorReader(Counting(time_interval=0)),
    )

    first, second = loop.scrape(device, other)

    assert (device.sensor, other.sensor) == (first.sensor, second.sensor)
    assert second.reading.began_s < first.reading.began_s
