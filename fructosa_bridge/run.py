"""The wiring: targets → scraper → spools → destinations, and the pages that show it."""

import asyncio
import logging
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from fructosa_service.errors import ServiceError

from .carbon import Carbon
from .config import Config, GraphiteSettings
from .deliver import Delivery, Destination
from .encode import lines, pickle_frames
from .fetch import session
from .journal import Journal
from .model import Target
from .scraper import Scraper, State
from .segments import Segments
from .spool import Spool
from .store import WhisperStore
from .web import Pages, serve

log = logging.getLogger("lmaster")

# On the way out, what is queued gets so long to be delivered.
_LAST_DELIVERY_S = 5.0


def destination(settings: GraphiteSettings) -> Destination | None:
    """Return where points go; None for nowhere.

    Raises: ServiceError when the folder of the embedded store can't be written.
    """
    if not settings.send:
        return None
    if settings.whisper_directory is not None:
        return _store(settings.whisper_directory)
    if settings.protocol == "plaintext":
        return Carbon(settings.host, settings.plaintext_port, lines)
    return Carbon(settings.host, settings.pickle_port, pickle_frames)


def _store(folder: Path) -> WhisperStore:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"can't write to {folder}: {error.strerror}; "
            "give a folder of your own with --data, or set [Graphite] whisper directory"
        ) from error
    return WhisperStore(folder)


async def scrape_for_ever(config: Config, targets: Sequence[Target]) -> None:
    """Scrape until SIGTERM or SIGINT; then deliver what is queued, if that can be done soon."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    states = [State(target) for target in targets]
    journal = _journal(config)
    deliveries = _deliveries(config, journal)
    async with AsyncExitStack() as stack:
        keeping = []
        if journal is not None:
            journal.open()
            stack.callback(journal.close)
            keeping = [asyncio.create_task(journal.keep())]
        store = _embedded(deliveries)
        runner, url = await serve(
            Pages(states, deliveries, store).application(), config.master.host, config.master.port
        )
        stack.push_async_callback(runner.cleanup)
        client = await stack.enter_async_context(session())
        scraper = Scraper(
            client, [delivery.spool for delivery in deliveries], config.master.most_samples
        )
        log.info("%d targets; points go to %s", len(targets), _names(deliveries))
        log.info("status page: %s", url)
        delivering = [asyncio.create_task(delivery.run()) for delivery in deliveries]
        watching = [asyncio.create_task(scraper.watch(state)) for state in states]
        ending = asyncio.create_task(end.wait())
        # Only the signal ends these; a task that ends before is a bug, and must not pass unseen.
        await asyncio.wait(
            [ending, *watching, *delivering, *keeping], return_when=asyncio.FIRST_COMPLETED
        )
        await _cancel([ending, *watching])
        if not any(task.done() for task in delivering):
            await _drain(deliveries, _LAST_DELIVERY_S)
        await _cancel([*delivering, *keeping])
        for delivery in deliveries:
            await delivery.destination.close()
    log.info("ended")


async def scrape_once(config: Config, targets: Sequence[Target]) -> tuple[list[State], int]:
    """Scrape every target once, now; return the outcomes, and how many points are not delivered."""
    states = [State(target) for target in targets]
    deliveries = _deliveries(config)
    async with session() as client:
        scraper = Scraper(
            client, [delivery.spool for delivery in deliveries], config.master.most_samples
        )
        now_s = time.time()
        await asyncio.gather(*(scraper.scrape(state, now_s) for state in states))
    delivering = [asyncio.create_task(delivery.run()) for delivery in deliveries]
    await _drain(deliveries, _LAST_DELIVERY_S)
    await _cancel(delivering)
    for delivery in deliveries:
        await delivery.destination.close()
    return states, sum(delivery.spool.points for delivery in deliveries)


def _journal(config: Config) -> Journal | None:
    """Return the queue on disk; the embedded store needs none: it is on a disk itself."""
    graphite, master = config.graphite, config.master
    if not graphite.send or graphite.whisper_directory is not None:
        return None
    folder = master.data_directory / "queue"
    return Journal(Segments(folder, master.queue_bytes, master.queue_age_s))


def _deliveries(config: Config, journal: Journal | None = None) -> list[Delivery]:
    """Return what delivers; without a *journal* from memory, as a single scrape does."""
    found, master = destination(config.graphite), config.master
    if found is None:
        return []
    spool = Spool(master.most_queued_points, journal, found.name)
    return [Delivery(spool, found, replay_points=master.replay_points)]


def _embedded(deliveries: Sequence[Delivery]) -> WhisperStore | None:
    stores = [delivery.destination for delivery in deliveries]
    return next((store for store in stores if isinstance(store, WhisperStore)), None)


def _names(deliveries: Sequence[Delivery]) -> str:
    return ", ".join(delivery.destination.name for delivery in deliveries) or "nowhere"


async def _drain(deliveries: Sequence[Delivery], patience_s: float) -> None:
    """Wait until all that is queued is delivered, or patience ends; say what becomes of the rest.

    A destination that takes nothing is not waited for, where what waits is on disk.
    """
    waited = [
        delivery.spool.drained()
        for delivery in deliveries
        if delivery.last_error is None or delivery.spool.unsafe_points
    ]
    with suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            await asyncio.gather(*waited)
    for delivery in deliveries:
        lost, name = delivery.spool.unsafe_points, delivery.destination.name
        if lost:
            log.error("%d points could not be delivered to %s and are lost", lost, name)
        if kept := delivery.spool.points - lost:
            log.warning("%d points wait on disk for %s, until the next start", kept, name)


async def _cancel(tasks: Sequence[asyncio.Task[object]]) -> None:
    """End *tasks*; raise what any of them had ended with before."""
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
