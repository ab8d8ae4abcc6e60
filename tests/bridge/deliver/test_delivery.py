"""From the queue to a destination: batches, retries, logs, and the backlog."""

import asyncio
import logging
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver.delivery import NO_MEMORY, REFUSED, Delivery, RateLimit, backoff
from fructosa_bridge.model.errors import DeliveryError, QueueError
from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.records import Position
from fructosa_bridge.queue.spool import Spool

from ..queues import queue


class Flaky:
    """A destination whose *outcomes* are errors, counts of refused points, or None for success."""

    name = "flaky"
    unacknowledged = 0

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.accepted = []

    async def send(self, batches):
        """Accept *batches*, or fail as planned."""
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, MemoryError):
            raise outcome
        if isinstance(outcome, str):
            raise DeliveryError(outcome)
        self.accepted += [batch.time_s for batch in batches]
        return outcome

    async def close(self):
        """Close nothing."""


@pytest.fixture
def waits():
    """How long the delivery waited between its attempts; these waits take no time."""
    return []


@pytest.fixture
def new_delivery(waits):
    """A function that returns a delivery of three batches to a destination."""

    async def sleep(seconds):
        waits.append(seconds)

    def create(destination):
        spool = Spool(100)
        for number in range(3):
            queue(spool, Batch(number, 10, [("a", 1.0)]))
        return Delivery(spool, destination, sleep)

    return create


async def test_delivered_batches_leave_the_queue(new_delivery, waits):
    """All at once, without waiting."""
    delivery = new_delivery(Flaky())

    await delivery.step()

    assert [0, 1, 2] == delivery.destination.accepted
    assert (0, 3, None) == (delivery.spool.points, delivery.delivered_points, delivery.last_error)
    assert [] == waits


async def test_a_send_without_memory_is_tried_again(new_delivery, waits):
    """lmaster goes on, and keeps the points."""
    delivery = new_delivery(Flaky(MemoryError()))

    await delivery.step()
    assert (3, NO_MEMORY.format(name="flaky")) == (delivery.spool.points, delivery.last_error)
    await delivery.step()

    assert (0, 1) == (delivery.spool.points, len(waits))


class UnreadSegments:
    """A queue on a disk that fails."""

    start = Position(0, 0)

    def read(self, start, end, most_points):
        """Fail."""
        raise QueueError("cannot read it: Input/output error", end)


async def test_a_queue_that_cannot_be_read_delays_no_fresh_points(waits):
    """It is tried again for minutes: a disk may come back. Then what cannot be read is lost."""
    journal = SimpleNamespace(segments=UnreadSegments())
    spool = Spool(100, journal)
    spool.restore([(Position(0, 0), Position(1000, 7))])

    async def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            queue_in_memory(spool, Batch(99, 10, [("a", 1.0)]))

    delivery = Delivery(spool, Flaky(), sleep)
    for _ in range(5):
        await delivery.step()
    assert ([99], 7) == (delivery.destination.accepted, spool.points)

    while not spool.dropped_points:
        task = asyncio.create_task(delivery.step())
        await asyncio.wait([task], timeout=0.5 if len(waits) > 17 else None)
        task.cancel()

    assert (19, {"damaged": 7}) == (len(waits), dict(spool.dropped))


def queue_in_memory(spool, batch):
    """Queue a batch that is not on disk."""
    spool.extend([batch], [None])


async def test_what_could_not_be_sent_is_sent_again(new_delivery, waits):
    """The waits get longer."""
    delivery = new_delivery(Flaky("refused", "refused", "refused", None))
    for _ in range(3):
        await delivery.step()
    assert (3, "refused") == (delivery.spool.points, delivery.last_error)

    await delivery.step()

    assert [0, 1, 2] == delivery.destination.accepted
    assert delivery.last_error is None
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1 <= waits[2] <= 2


async def test_an_outage_and_its_end_are_logged_once(new_delivery, caplog):
    """Not at every attempt."""
    caplog.set_level(logging.INFO)
    delivery = new_delivery(Flaky("refused", "refused", None))
    for _ in range(3):
        await delivery.step()

    assert ["refused; 3 points wait", "flaky accepts points again"] == caplog.messages


async def test_refused_points_are_dropped_and_counted(new_delivery):
    """They are neither delivered nor sent again."""
    delivery = new_delivery(Flaky({"expired": 2}))

    await delivery.step()

    assert (0, 1) == (delivery.spool.points, delivery.delivered_points)
    assert {"expired": 2} == delivery.spool.dropped
    assert 2 == delivery.spool.dropped_points


async def test_a_refusal_is_logged_when_it_starts(caplog):
    """Not at every send, also if those in between have none; again after an hour."""
    now_s, spool = [0.0], Spool(1000)
    refusals = [{"expired": 1}, None, {"expired": 1}, {"future": 1}, {"future": 1, "expired": 1}]
    delivery = Delivery(spool, Flaky(*refusals), clock=lambda: now_s[0])

    for number in range(5):
        queue(spool, Batch(number, 10, [("a", 1.0)]))
        await delivery.step()
        now_s[0] += 900.0

    logged = [(record.levelname, record.message) for record in caplog.records]
    assert 2 == logged.count(("ERROR", f"flaky: {REFUSED['expired']}"))
    assert 1 == logged.count(("ERROR", f"flaky: {REFUSED['future']}"))
    assert 3 == len(logged)


async def test_a_backlog_that_is_refused_is_logged_only_once(caplog):
    """Fresh points that are accepted in between do not end the refusal."""
    spool = Spool(1000, fresh_points=1)
    for number in range(6):
        queue(spool, Batch(number, 10, [("a", 1.0)]))
    delivery = Delivery(spool, Flaky(None, {"expired": 1}, None, {"expired": 1}), clock=lambda: 0.0)

    for number in range(4):
        await delivery.step()
        queue(spool, Batch(10 + number, 10, [("a", 1.0)]))

    assert {"expired": 2} == spool.dropped
    assert 1 == caplog.messages.count(f"flaky: {REFUSED['expired']}")


async def test_fresh_points_and_the_backlog_take_turns():
    """After an outage, fresh points are sent first."""
    spool = Spool(1000, fresh_points=2)
    for number in range(5):
        queue(spool, Batch(number, 10, [("a", 1.0)]))
    destination = Flaky()
    delivery = Delivery(spool, destination, clock=lambda: 0.0)

    await delivery.step()
    queue(spool, Batch(5, 10, [("a", 1.0)]))
    await delivery.step()
    await delivery.step()

    assert [3, 4, 0, 1, 2, 5] == destination.accepted


async def test_at_most_a_second_of_the_replay_rate_is_sent_at_once():
    """Fresh points are not delayed by more."""
    spool = Spool(100_000, fresh_points=1)
    for number in range(9):
        queue(spool, Batch(number, 10, [("a", 1.0)] * 500))
    destination = Flaky()
    delivery = Delivery(spool, destination, replay_rate=1000, clock=lambda: 0.0)

    for _ in range(2):
        await delivery.step()

    assert [8, 0, 1] == destination.accepted


async def test_the_backlog_is_sent_at_the_replay_rate():
    """Fresh points do not wait for it."""
    now_s = [0.0]
    spool = Spool(100_000, fresh_points=1)
    for number in range(4):
        queue(spool, Batch(number, 10, [("a", 1.0)] * 6000))
    destination = Flaky()
    delivery = Delivery(spool, destination, replay_rate=1000, clock=lambda: now_s[0])
    for _ in range(2):
        await delivery.step()
    assert [3, 0] == destination.accepted

    waiting = asyncio.create_task(delivery.step())
    await asyncio.sleep(0)
    queue(spool, Batch(9, 10, [("a", 1.0)]))
    await waiting
    now_s[0] = 6.0
    await delivery.step()

    assert [3, 0, 9, 1] == destination.accepted


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_backoff_has_a_minimum_and_a_maximum(failures, jitter):
    """A carbon that is up again is noticed within half a minute."""
    assert 0.25 <= backoff(failures, jitter) <= 30


def test_the_backoff_doubles():
    """Without jitter."""
    assert [0.5, 1, 2, 4, 8, 16, 30, 30] == [backoff(failures, 0) for failures in range(1, 9)]


def test_the_rate_limit_makes_the_next_points_wait():
    """A thousand points at a hundred per second make the next ones wait for ten seconds."""
    limit = RateLimit(100, 0.0)
    assert limit.wait_s(0.0) == 0

    limit.spend(1000, 5.0)

    assert (10, 4, 0) == (limit.wait_s(5.0), limit.wait_s(11.0), limit.wait_s(15.0))


def test_the_rate_limit_allows_no_burst_after_a_pause():
    """The rate does not accumulate while nothing is sent."""
    limit = RateLimit(100, 0.0)

    limit.spend(100, 1000.0)

    assert limit.wait_s(1000.0) == 1
