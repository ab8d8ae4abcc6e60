"""From the queue to a destination."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.deliver.delivery import Delivery, Pace, backoff
from fructosa_bridge.model.errors import DeliveryError
from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.spool import Spool

from ..queues import queue


class Flaky:
    """A destination that fails when it is told to, or refuses points for ever."""

    name = "flaky"
    unsure = 0

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.taken = []

    async def send(self, batches):
        """Take *batches*, or fail as planned."""
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if isinstance(outcome, str):
            raise DeliveryError(outcome)
        self.taken += [batch.time_s for batch in batches]
        return outcome

    async def close(self):
        """End nothing."""


@pytest.fixture
def naps():
    """The waits between tries, which take no time here."""
    return []


@pytest.fixture
def delivery(naps):
    """A function that makes a delivery of three batches to a destination."""

    async def sleep(seconds):
        naps.append(seconds)

    def make(destination):
        spool = Spool(100)
        for number in range(3):
            queue(spool, Batch(number, 10, [("a", 1.0)]))
        return Delivery(spool, destination, sleep)

    return make


async def test_what_was_sent_leaves_the_queue(delivery, naps):
    """All at once, without a wait."""
    made = delivery(Flaky())

    await made.step()

    assert [0, 1, 2] == made.destination.taken
    assert (0, 3, None) == (made.spool.points, made.delivered_points, made.last_error)
    assert [] == naps


async def test_what_could_not_be_sent_stays_and_is_tried_again(delivery, naps):
    """With longer and longer waits."""
    made = delivery(Flaky("refused", "refused", "refused", None))
    for _ in range(3):
        await made.step()
    assert (3, "refused") == (made.spool.points, made.last_error)

    await made.step()

    assert [0, 1, 2] == made.destination.taken
    assert made.last_error is None
    assert 0.25 <= naps[0] <= 0.5 <= naps[1] <= 1 <= naps[2] <= 2


async def test_an_outage_is_logged_once_and_its_end_too(delivery, caplog):
    """Not at every try."""
    caplog.set_level(logging.INFO)
    made = delivery(Flaky("refused", "refused", None))
    for _ in range(3):
        await made.step()

    assert ["refused; 3 points wait", "flaky accepts points again"] == caplog.messages


async def test_what_is_refused_for_ever_is_dropped_and_counted(delivery):
    """It is not delivered, and not sent again."""
    made = delivery(Flaky({"expired": 2}))

    await made.step()

    assert (0, 1) == (made.spool.points, made.delivered_points)
    assert {"expired": 2} == made.spool.dropped
    assert 2 == made.spool.dropped_points


async def test_a_refusal_is_logged_when_it_begins(delivery, caplog):
    """Not at every send; again when there was none meanwhile and nothing waits."""
    ends = [None, {"future": 1, "expired": 1}]
    made = delivery(Flaky({"expired": 1}, {"expired": 1}, {"future": 1}, *ends))

    for number in range(5):
        await made.step()
        queue(made.spool, Batch(number, 10, [("a", 1.0)]))

    told = [(record.levelname, record.message.split(";")[0]) for record in caplog.records]
    old = ("ERROR", "flaky: points are older than the retention of their Whisper files")
    assert [old] * 2 == [one for one in told if "older" in one[1]]
    assert 2 == sum("ahead of this machine's clock" in message for _, message in told)
    assert 4 == len(told)


async def test_a_backlog_that_is_refused_is_logged_once(caplog):
    """Fresh points that are taken in between are no end of it."""
    spool = Spool(1000, fresh_points=1)
    for number in range(6):
        queue(spool, Batch(number, 10, [("a", 1.0)]))
    made = Delivery(spool, Flaky(None, {"expired": 1}, None, {"expired": 1}), clock=lambda: 0.0)

    for number in range(4):
        await made.step()
        queue(spool, Batch(10 + number, 10, [("a", 1.0)]))

    assert {"expired": 2} == spool.dropped
    assert 1 == caplog.text.count("older than the retention of their Whisper files")


async def test_fresh_points_and_the_backlog_take_turns(naps):
    """After an outage what is fresh goes first; the backlog goes in between."""
    spool = Spool(1000, fresh_points=2)
    for number in range(5):
        queue(spool, Batch(number, 10, [("a", 1.0)]))
    destination = Flaky()
    made = Delivery(spool, destination, clock=lambda: 0.0)

    await made.step()
    queue(spool, Batch(5, 10, [("a", 1.0)]))
    await made.step()
    await made.step()

    assert [3, 4, 0, 1, 2, 5] == destination.taken


async def test_no_more_of_the_backlog_goes_at_once_than_its_pace_takes_in_a_second():
    """Nor is what is fresh held up by more."""
    spool = Spool(100_000, fresh_points=1)
    for number in range(9):
        queue(spool, Batch(number, 10, [("a", 1.0)] * 500))
    destination = Flaky()
    made = Delivery(spool, destination, replay_rate=1000, clock=lambda: 0.0)

    for _ in range(2):
        await made.step()

    assert [8, 0, 1] == destination.taken


async def test_the_backlog_goes_at_its_pace():
    """What comes meanwhile does not wait for it."""
    now_s = [0.0]
    spool = Spool(100_000, fresh_points=1)
    for number in range(4):
        queue(spool, Batch(number, 10, [("a", 1.0)] * 6000))
    destination = Flaky()
    made = Delivery(spool, destination, replay_rate=1000, clock=lambda: now_s[0])
    for _ in range(2):
        await made.step()
    assert [3, 0] == destination.taken

    waiting = asyncio.create_task(made.step())
    await asyncio.sleep(0)
    queue(spool, Batch(9, 10, [("a", 1.0)]))
    await waiting
    now_s[0] = 6.0
    await made.step()

    assert [3, 0, 9, 1] == destination.taken


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_wait_is_never_long_and_never_nothing(failures, jitter):
    """A carbon that comes back is found within half a minute."""
    assert 0.25 <= backoff(failures, jitter) <= 30


def test_the_wait_doubles():
    """Without jitter."""
    assert [0.5, 1, 2, 4, 8, 16, 30, 30] == [backoff(failures, 0) for failures in range(1, 9)]


def test_what_went_is_paid_for_in_time():
    """A thousand points at a hundred a second keep the next waiting for ten seconds."""
    pace = Pace(100, 0.0)
    assert pace.wait_s(0.0) == 0

    pace.spend(1000, 5.0)

    assert (10, 4, 0) == (pace.wait_s(5.0), pace.wait_s(11.0), pace.wait_s(15.0))


def test_time_in_which_nothing_went_is_not_saved_up():
    """A long calm gives no right to a flood."""
    pace = Pace(100, 0.0)

    pace.spend(100, 1000.0)

    assert pace.wait_s(1000.0) == 1
