"""The destinations of points: how they are created, started, replaced and removed."""

import re
import time

import pytest

from fructosa_bridge.config.settings import GraphiteSettings, MasterSettings
from fructosa_bridge.deliver.delivery import Delivery
from fructosa_bridge.deliver.destinations import (
    CANNOT_WRITE,
    NO_MORE_POINTS,
    WAITING_DROPPED,
    Destinations,
    delivery,
    drain,
)
from fructosa_bridge.model.errors import DeliveryError
from fructosa_bridge.model.points import Batch
from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.queue.spool import Spool
from fructosa_service.background_tasks import Tasks
from fructosa_service.errors import ServiceError

from ..queues import queue


@pytest.mark.parametrize(
    "settings",
    [
        GraphiteSettings(host="g"),
        GraphiteSettings(host="g", protocol="plaintext"),
        GraphiteSettings(host="::1", pickle_port=1),
    ],
)
def test_a_destination_and_its_spool_have_the_name_in_the_settings(settings):
    """Web pages, the queue on disk and the next configuration know it by this name."""
    created = delivery(settings, MasterSettings())

    assert settings.name == created.destination.name == created.spool.name


def test_the_folder_of_the_embedded_store_is_created(tmp_path):
    """With its parents."""
    settings = GraphiteSettings(whisper_directory=tmp_path / "a" / "b")

    destination = delivery(settings, MasterSettings()).destination

    assert (tmp_path / "a" / "b").is_dir()
    assert settings.name == destination.name


def test_a_folder_that_cannot_be_created_is_refused(tmp_path):
    """The error has the reason and says what to do."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "x"
    error = CANNOT_WRITE.format(folder=folder, reason="Not a directory")

    with pytest.raises(ServiceError, match=re.escape(error)):
        delivery(GraphiteSettings(whisper_directory=folder), MasterSettings())


async def test_points_that_the_embedded_store_refuses_are_counted(tmp_path):
    """Each point is either delivered, or dropped with a reason."""
    now_s = int(time.time())
    created = delivery(GraphiteSettings(whisper_directory=tmp_path), MasterSettings())
    for time_s in (now_s, now_s - 1000 * 86400, now_s + 86400, -5):
        queue(created.spool, Batch(time_s, 10, [("n.load", 1.0), ("n.other", 2.0)]))

    await created.step()

    assert (2, 0) == (created.delivered_points, created.spool.points)
    assert {"expired": 4, "future": 2} == created.spool.dropped


class Sink:
    """A destination that accepts everything, or nothing."""

    unacknowledged = 0

    def __init__(self, name="sink", *, is_up=True):
        self.name = name
        self.is_up = is_up
        self.is_closed = False

    async def send(self, batches):
        """Accept *batches*."""
        if not self.is_up:
            raise DeliveryError(f"{self.name}: refused")

    async def close(self):
        """Note that it is closed."""
        self.is_closed = True


@pytest.fixture
async def tasks():
    """Background tasks, which end with the test."""
    running = Tasks()
    yield running
    await running.end_all()


@pytest.fixture
async def destinations(tasks, tmp_path):
    """Destinations with a queue on disk."""
    journal = Journal(Segments(tmp_path / "queue", 2**20, 3600))
    created = Destinations(MasterSettings(), journal, tasks)
    yield created
    await tasks.end_all()
    await created.close()


def sections(*ports, **settings):
    """Return a section for each of these *ports* of this machine, where nobody listens."""
    settings = {"host": "127.0.0.1", "protocol": "plaintext", **settings}
    return {f"port {port}": GraphiteSettings(plaintext_port=port, **settings) for port in ports}


def ports_of(deliveries):
    """Return the ports of *deliveries*."""
    return [int(each.destination.name.rpartition(":")[2]) for each in deliveries]


async def test_each_batch_is_queued_for_all_destinations_and_written_once(destinations):
    """What is on disk is safe for both."""
    wanted = sections(1, 2)
    destinations.use(wanted, destinations.create(wanted))

    destinations.queue([Batch(1, 10, [("n.load", 1.0)])])

    spools = [each.spool for each in destinations.deliveries]
    assert [(1, 0), (1, 0)] == [(spool.points, spool.memory_only_points) for spool in spools]
    assert 1 == spools[0].journal.segments.end.points


async def test_without_a_destination_nothing_is_written_to_disk(destinations):
    """For example after a reload with ``send = no``: nobody would read it."""
    wanted = sections(1)
    destinations.use(wanted, destinations.create(wanted))
    await destinations.start(wanted)
    segments = destinations.deliveries[0].spool.journal.segments
    await destinations.remove(destinations.use({}, {}))

    destinations.queue([Batch(1, 10, [("n.load", 1.0)])])

    assert 0 == segments.end.points


async def test_without_a_journal_points_wait_in_memory(tasks):
    """As for a single scrape, which needs no queue on disk."""
    destinations = Destinations(MasterSettings(), None, tasks)
    destinations.use(sections(1), destinations.create(sections(1)))

    destinations.queue([Batch(1, 10, [("n.load", 1.0)])])

    assert [1] == [each.spool.memory_only_points for each in destinations.deliveries]


async def test_only_new_destinations_are_created(destinations):
    """Others keep their spools; those that are not configured any more are returned."""
    before = destinations.create(sections(1, 2))
    destinations.use(sections(1, 2), before)

    created = destinations.create(sections(2, 3))
    unused = destinations.use(sections(2, 3), created)

    assert [3] == ports_of(created.values())
    assert [1] == ports_of(unused)
    assert [2, 3] == ports_of(destinations.deliveries)
    assert destinations.deliveries[0] in before.values()


async def test_a_section_with_send_no_is_not_a_destination(destinations):
    """Nothing is written to it."""
    assert {} == destinations.create(sections(1, send=False))


async def test_another_protocol_replaces_the_destination_and_keeps_its_queue(destinations, tasks):
    """The same port is the same destination."""
    plaintext = sections(1)
    pickle = sections(1, protocol="pickle", pickle_port=1)
    destinations.use(plaintext, destinations.create(plaintext))
    (delivery,) = destinations.deliveries
    queue(delivery.spool, Batch(1, 10, [("n.load", 1.0)]))
    await destinations.start(plaintext)
    before = delivery.destination

    destinations.use(pickle, destinations.create(pickle))
    await destinations.start(pickle)

    assert [delivery] == destinations.deliveries
    assert delivery.destination is not before
    assert 1 == delivery.spool.points
    assert delivery in tasks


async def test_what_waits_for_a_removed_destination_is_dropped_and_reported(destinations):
    """The report has the number of points."""
    wanted = sections(1, 2)
    destinations.use(wanted, destinations.create(wanted))
    await destinations.start(wanted)
    destinations.queue([Batch(1, 10, [("n.load", 1.0)])])
    destinations.deliveries[1].spool.acknowledge(await destinations.deliveries[1].spool.peek(9))
    unused = destinations.use({}, {})
    for each in unused:
        each.destination = Sink(each.destination.name)

    reports = await destinations.remove(unused)

    assert [1, 2] == ports_of(unused)
    first, second = (each.destination.name for each in unused)
    assert [
        WAITING_DROPPED.format(name=first, waiting=1),
        NO_MORE_POINTS.format(name=second),
    ] == reports
    assert [True, True] == [each.destination.is_closed for each in unused]


async def test_drain_waits_until_everything_is_delivered(tasks):
    """No longer than necessary."""
    delivery = Delivery(Spool(100), Sink())
    queue(delivery.spool, Batch(1, 10, [("n.load", 1.0)]))
    tasks.begin(delivery, delivery.run())

    await drain([delivery], 60)

    assert 0 == delivery.spool.points


async def test_points_that_drain_could_not_deliver_are_logged_as_lost(caplog):
    """They are in memory only."""
    delivery = Delivery(Spool(100), Sink(is_up=False))
    queue(delivery.spool, Batch(1, 10, [("n.load", 1.0)]))

    await drain([delivery], 0)

    assert ["1 points could not be delivered to sink and are lost"] == caplog.messages


async def test_drain_does_not_wait_for_a_failing_destination_whose_points_are_on_disk(
    destinations, caplog
):
    """They wait for the next start."""
    destinations.use(sections(1), destinations.create(sections(1)))
    destinations.queue([Batch(1, 10, [("n.load", 1.0)])])
    (delivery,) = destinations.deliveries
    delivery.last_error = "refused"

    await drain([delivery], 60)

    assert "1 points wait on disk for carbon at 127.0.0.1:1" in caplog.text
