"""The places that points go to: made of [Graphite] sections, begun, exchanged, left."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress

from fructosa_service.background_tasks import Tasks
from fructosa_service.errors import ServiceError

from ..config.settings import GraphiteSettings, MasterSettings
from ..queue.journal import Journal
from ..queue.spool import Spool
from ..whisper.store import WhisperStore
from .carbon import Carbon
from .delivery import Delivery, Destination
from .encode import lines, pickle_frames

log = logging.getLogger("lmaster")

# Points wait so long for others, to be sent together.
_GATHER_S = 0.2
# To open a file is what writing costs: the more points of a series at once, the cheaper each is.
_STORED_AT_A_TIME = 500_000


def destination(settings: GraphiteSettings) -> Destination:
    """Return where points go.

    Raises: ServiceError when the folder of the embedded store can't be written.
    """
    if settings.whisper_directory is not None:
        return _store(settings)
    if settings.protocol == "plaintext":
        return Carbon(settings.host, settings.plaintext_port, lines)
    return Carbon(settings.host, settings.pickle_port, pickle_frames)


def _store(settings: GraphiteSettings) -> WhisperStore:
    folder = settings.whisper_directory
    assert folder is not None  # noqa: S101 - who calls has looked
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"can't write to {folder}: {error.strerror}; "
            "give a folder of your own with --data, or set [Graphite] whisper directory"
        ) from error
    return WhisperStore(folder)


def delivery(
    found: Destination, master: MasterSettings, journal: Journal | None = None
) -> Delivery:
    """Return what delivers to a destination; without a *journal* from memory alone."""
    if isinstance(found, WhisperStore):
        spool = Spool(master.queue_points, journal, found.name, _STORED_AT_A_TIME)
        return Delivery(
            spool,
            found,
            replay_rate=master.replay_rate,
            gather_s=_GATHER_S,
            points_at_a_time=_STORED_AT_A_TIME,
        )
    spool = Spool(master.queue_points, journal, found.name)
    return Delivery(spool, found, replay_rate=master.replay_rate, gather_s=_GATHER_S)


class Destinations:
    """What is delivered to, by place, and the queue on disk that is shared."""

    def __init__(self, master: MasterSettings, journal: Journal, tasks: Tasks) -> None:
        self._master, self._journal, self._tasks = master, journal, tasks
        self._deliveries: dict[str, Delivery] = {}
        self._settings: dict[str, GraphiteSettings] = {}

    @property
    def each(self) -> list[Delivery]:
        """What delivers, in the order of the configuration."""
        return list(self._deliveries.values())

    @property
    def spools(self) -> list[Spool]:
        """What waits for each."""
        return [one.spool for one in self._deliveries.values()]

    def make(self, sections: Mapping[str, GraphiteSettings]) -> dict[str, Delivery]:
        """Make what is new, and open the queue if it is the first; it is not begun yet.

        Raises: ServiceError when that can't be; then nothing is changed.
        """
        new = [each for each in _wanted(sections) if each.place not in self._deliveries]
        found = {each.place: destination(each) for each in new}
        made = {place: delivery(one, self._master, self._journal) for place, one in found.items()}
        try:
            if made and self._journal not in self._tasks:
                self._journal.open()
                self._tasks.begin(self._journal, self._journal.keep())
        except ServiceError:
            for one in made.values():
                self._journal.remove(one.spool)
            raise
        return made

    def take(
        self, sections: Mapping[str, GraphiteSettings], made: Mapping[str, Delivery]
    ) -> list[Delivery]:
        """Have these destinations from now on, with those just *made*; return what is left out."""
        known = {**self._deliveries, **made}
        places = [each.place for each in _wanted(sections)]
        self._deliveries = {place: known[place] for place in places}
        return [one for place, one in known.items() if place not in self._deliveries]

    async def begin(self, sections: Mapping[str, GraphiteSettings]) -> None:
        """Deliver to all; to one that is spoken to in another way from now on in that way."""
        for each in _wanted(sections):
            one, before = self._deliveries[each.place], self._settings.get(each.place)
            if before is not None and _is_spoken_to_otherwise(before, each):
                await self._tasks.end(one)
                await one.destination.close()
                one.destination = destination(each)
            if one not in self._tasks:
                self._tasks.begin(one, one.run())
        self._settings = {each.place: each for each in _wanted(sections)}

    async def leave(self, left: Sequence[Delivery]) -> list[str]:
        """Deliver no more to destinations; what waits for them is dropped. Return what to tell."""
        await self._tasks.end(*left)
        told = [_farewell(one) for one in left]
        for one in left:
            self._journal.remove(one.spool)
        for one in left:
            await one.destination.close()
        return told

    async def close(self) -> None:
        """Close what is open; the tasks have ended."""
        try:
            await asyncio.gather(*(one.destination.close() for one in self.each))
        finally:
            self._journal.close()


def _wanted(sections: Mapping[str, GraphiteSettings]) -> list[GraphiteSettings]:
    return [each for each in sections.values() if each.send]


def _is_spoken_to_otherwise(before: GraphiteSettings, now: GraphiteSettings) -> bool:
    return now.whisper_directory is None and now.protocol != before.protocol


def _farewell(left: Delivery) -> str:
    name, waiting = left.destination.name, left.spool.points
    if not waiting:
        return f"nothing goes to {name} any more"
    text = f"nothing goes to {name} any more, and {waiting} points that waited for it are dropped"
    log.warning("%s", text)
    return text


async def drain(deliveries: Sequence[Delivery], patience_s: float) -> None:
    """Wait until all that is queued is delivered, or patience ends; say what becomes of the rest.

    A destination that takes nothing is not waited for, where what waits is on disk.
    """
    waited = [
        one.spool.drained()
        for one in deliveries
        if one.last_error is None or one.spool.unsafe_points
    ]
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await asyncio.gather(*waited)
    for one in deliveries:
        lost, name = one.spool.unsafe_points, one.destination.name
        if lost:
            log.error("%d points could not be delivered to %s and are lost", lost, name)
        if kept := one.spool.points - lost:
            log.warning("%d points wait on disk for %s, until the next start", kept, name)
