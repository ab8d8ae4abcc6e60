"""The destinations of points: created from [Graphite] sections, started, exchanged, removed."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fructosa_service.background_tasks import Tasks
from fructosa_service.errors import ServiceError

from ..config.settings import GraphiteSettings, MasterSettings
from ..model.points import Batch
from ..queue.journal import Journal
from ..queue.records import Range
from ..queue.spool import FRESH_POINTS, Spool
from ..whisper.store import WhisperStore
from .carbon import Carbon
from .delivery import Delivery, Destination
from .encode import pickle_frames, plaintext_lines

log = logging.getLogger("lmaster")

# Points wait this long for others, to be sent together.
_GATHER_S = 0.2
CANNOT_WRITE = (
    "cannot write to {folder}: {reason}; "
    "give a folder of your own with --data, or set [Graphite] whisper directory"
)
NO_MORE_POINTS = "no more points go to {name}"
WAITING_DROPPED = "no more points go to {name}, and {waiting} points that waited for it are dropped"


@dataclass(frozen=True, kw_only=True)
class DestinationType:
    """How a destination is created, and how many points it takes at a time."""

    create: Callable[[GraphiteSettings], Destination]
    points_at_a_time: int


def _pickle(settings: GraphiteSettings) -> Destination:
    return Carbon(settings.host, settings.pickle_port, pickle_frames)


def _plaintext(settings: GraphiteSettings) -> Destination:
    return Carbon(settings.host, settings.plaintext_port, plaintext_lines)


def _whisper(settings: GraphiteSettings) -> Destination:
    folder = settings.whisper_directory
    assert folder is not None  # noqa: S101 - that is what makes it a store
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(CANNOT_WRITE.format(folder=folder, reason=error.strerror)) from error
    return WhisperStore(folder)


# To add a destination, write a module with a class that has the four members of Destination, and
# add it here; GraphiteSettings.destination_type says which one a section asks for.
DESTINATION_TYPES: Mapping[str, DestinationType] = {
    "pickle": DestinationType(create=_pickle, points_at_a_time=10_000),
    "plaintext": DestinationType(create=_plaintext, points_at_a_time=10_000),
    # Opening a file is most of the cost: the more points of a series at once, the cheaper each is.
    "whisper": DestinationType(create=_whisper, points_at_a_time=500_000),
}


def delivery(
    settings: GraphiteSettings, master: MasterSettings, journal: Journal | None = None
) -> Delivery:
    """Return the delivery to the destination of a section; it is not started.

    Raises: ServiceError if the folder of the embedded store cannot be written.
    """
    kind = DESTINATION_TYPES[settings.destination_type]
    destination = kind.create(settings)
    fresh_points = max(kind.points_at_a_time, FRESH_POINTS)
    return Delivery(
        Spool(master.queue_points, journal, destination.name, fresh_points),
        destination,
        replay_rate=master.replay_rate,
        gather_s=_GATHER_S,
        points_at_a_time=kind.points_at_a_time,
    )


class Destinations:
    """The destinations by their name, and the queue on disk that they share.

    Without a *journal* everything waits in memory.
    """

    def __init__(self, master: MasterSettings, journal: Journal | None, tasks: Tasks) -> None:
        self._master, self._journal, self._tasks = master, journal, tasks
        self._deliveries: dict[str, Delivery] = {}
        self._settings: dict[str, GraphiteSettings] = {}

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries, in the order of the configuration."""
        return list(self._deliveries.values())

    def queue(self, batches: Sequence[Batch]) -> None:
        """Queue *batches* for all destinations: once on disk, and for each of them in memory."""
        if not self._deliveries:  # nobody would read them from the disk
            return
        nowhere: list[Range | None] = [None] * len(batches)
        on_disk = nowhere if self._journal is None else self._journal.extend(batches)
        for one in self._deliveries.values():
            one.spool.extend(batches, on_disk)

    def create(self, sections: Mapping[str, GraphiteSettings]) -> dict[str, Delivery]:
        """Create the deliveries that are new, without starting them; open the queue.

        Raises: ServiceError if one cannot be created; then nothing has changed.
        """
        new = [each for each in _enabled(sections) if each.name not in self._deliveries]
        created = {each.name: delivery(each, self._master, self._journal) for each in new}
        if self._journal is None or not created:
            return created
        for one in created.values():
            self._journal.add(one.spool)
        try:
            if self._journal not in self._tasks:
                self._journal.open()
                self._tasks.begin(self._journal, self._journal.keep())
        except ServiceError:
            for one in created.values():
                self._journal.remove(one.spool)
            raise
        return created

    def use(
        self, sections: Mapping[str, GraphiteSettings], created: Mapping[str, Delivery]
    ) -> list[Delivery]:
        """Use these destinations from now on; return the deliveries that are no longer used."""
        known = {**self._deliveries, **created}
        names = [each.name for each in _enabled(sections)]
        self._deliveries = {name: known[name] for name in names}
        return [one for name, one in known.items() if name not in self._deliveries]

    async def start(self, sections: Mapping[str, GraphiteSettings]) -> None:
        """Start all deliveries; replace a destination whose protocol has changed."""
        for each in _enabled(sections):
            one, before = self._deliveries[each.name], self._settings.get(each.name)
            if before is not None and before.destination_type != each.destination_type:
                await self._tasks.end(one)
                await one.destination.close()
                one.destination = DESTINATION_TYPES[each.destination_type].create(each)
            if one not in self._tasks:
                self._tasks.begin(one, one.run())
        self._settings = {each.name: each for each in _enabled(sections)}

    async def remove(self, unused: Sequence[Delivery]) -> list[str]:
        """Stop deliveries and drop what waits for them; return what to report."""
        await self._tasks.end(*unused)
        reports = [_report_removed(one) for one in unused]
        for one in unused:
            if self._journal is not None:
                self._journal.remove(one.spool)
        for one in unused:
            await one.destination.close()
        return reports

    async def close(self) -> None:
        """Close all destinations and the queue; the tasks have ended before."""
        try:
            await asyncio.gather(*(one.destination.close() for one in self.deliveries))
        finally:
            if self._journal is not None:
                self._journal.close()


def _enabled(sections: Mapping[str, GraphiteSettings]) -> list[GraphiteSettings]:
    return [each for each in sections.values() if each.send]


def _report_removed(unused: Delivery) -> str:
    name, waiting = unused.destination.name, unused.spool.points
    if not waiting:
        return NO_MORE_POINTS.format(name=name)
    text = WAITING_DROPPED.format(name=name, waiting=waiting)
    log.warning("%s", text)
    return text


async def drain(deliveries: Sequence[Delivery], within_s: float) -> None:
    """Wait until everything is delivered, *within_s* seconds at most; log what happens to the rest.

    A destination that fails is not waited for, if what waits for it is on disk.
    """
    waited = [
        one.spool.drained()
        for one in deliveries
        if one.last_error is None or one.spool.memory_only_points
    ]
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await asyncio.gather(*waited)
    for one in deliveries:
        lost, name = one.spool.memory_only_points, one.destination.name
        if lost:
            log.error("%d points could not be delivered to %s and are lost", lost, name)
        if kept := one.spool.points - lost:
            log.warning("%d points wait on disk for %s, until the next start", kept, name)
