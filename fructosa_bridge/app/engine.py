"""What runs: targets that are watched and destinations that are delivered to, and their changes."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from fructosa_service.background_tasks import Tasks
from fructosa_service.errors import ConfigError, ServiceError, UsageError
from fructosa_service.open_files import raise_limit

from ..config.settings import MasterConfig
from ..deliver.delivery import Delivery
from ..deliver.destinations import Destinations, drain
from ..model.target import Target
from ..queue.journal import Journal
from ..queue.segments import Segments
from ..scrape.client import Client
from ..scrape.scraper import Scraper
from ..scrape.target_state import ScrapeTotals, TargetState
from ..web.status import ReloadOutcome
from ..whisper.store import WhisperStore
from . import process_limits

log = logging.getLogger("lmaster")

# What was asked for at the end may still come: a node that is well answers within milliseconds.
_LAST_ANSWERS_S = 0.5

Load = Callable[[], tuple[MasterConfig, list[Target]]]
"""Reads the configuration; raises ConfigError, UsageError or ServiceError where it is wrong."""


class Engine:
    """Scrapes and delivers from start() to stop(); what the pages look at.

    *load* reads the configuration again; without it there is nothing to read.
    """

    def __init__(self, config: MasterConfig, client: Client, load: Load | None = None) -> None:
        self.reload = None if load is None else self._reload
        self.reload_succeeded, self.reload_time_s = True, time.time()
        self.removed = ScrapeTotals()
        self.is_ready = False
        self._config = config  # that of the start: some of it stays in use until a restart
        self._client = client
        self._load = load
        self._started, self._is_ending = asyncio.Event(), False
        self._reading, self._changing = asyncio.Lock(), asyncio.Lock()
        self._targets: dict[str, TargetState] = {}
        self._tasks = Tasks()
        self._destinations = Destinations(config.master, _journal(config), self._tasks)
        self.scraper = Scraper(client, [], config.master.sample_limit)

    @property
    def states(self) -> Sequence[TargetState]:
        """The targets, in the order of the configuration."""
        return list(self._targets.values())

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """The destinations."""
        return self._destinations.each

    @property
    def store(self) -> WhisperStore | None:
        """The embedded store, if points go there."""
        stores = [delivery.destination for delivery in self.deliveries]
        return next((store for store in stores if isinstance(store, WhisperStore)), None)

    @property
    def queue_limits(self) -> tuple[int, float]:
        """How many bytes the queue on disk may have, and how many seconds points wait there."""
        return self._config.master.queue_bytes, self._config.master.queue_age_s

    def prepare(self) -> None:
        """Open the queue.

        Raises: ServiceError where another lmaster has it, or a folder can't be written.
        """
        sections = self._config.destinations
        self._destinations.take(sections, self._destinations.make(sections))
        self.scraper.spools = self._destinations.spools

    async def start(self, targets: Sequence[Target]) -> None:
        """Begin to deliver and to scrape."""
        await self._destinations.begin(self._config.destinations)
        self._watch(targets, {})
        self.is_ready = True
        self._started.set()

    async def failure(self) -> None:
        """Wait for a task that ends by itself, which none should; raise what it ended with."""
        await self._tasks.failure()

    async def stop(self, patience_s: float) -> None:
        """Scrape no more; deliver what is queued, if that can be done soon."""
        if self._is_ending:
            return
        self._is_ending = True
        async with self._changing:
            is_delivering, self.is_ready = self.is_ready, False
            if silent := await self.scraper.rest(_LAST_ANSWERS_S):
                log.warning("targets still asked at the end, whose slot stays empty: %d", silent)
            await self._tasks.end(*self._targets)
            self.scraper.flush()
            if is_delivering and not self._tasks.has_failed:
                await drain(self.deliveries, patience_s)
            await self._tasks.end_all()
            await self._destinations.close()

    async def _reload(self) -> ReloadOutcome:
        """Read the configuration again and use it; a wrong one is refused, and all goes on."""
        assert self._load is not None  # noqa: S101 - else nobody has this method
        async with self._reading:
            await self._started.wait()
            try:
                config, targets = await asyncio.to_thread(self._load)
                # Who asked may go away; what has begun to change is changed to the end.
                changes = await asyncio.shield(self._use(config, targets))
            except (ConfigError, UsageError, ServiceError) as error:
                log.error("the configuration is refused, the old one goes on: %s", error)
                return self._refused(f"{error}\nThe old configuration goes on.\n")
            except Exception as error:
                log.exception("a fault of lmaster, while it read its configuration again")
                name = type(error).__name__
                return self._refused(f"a fault of lmaster, see its log: {name}: {error}\n")
        log.info("the configuration was read again: %s", changes)
        return ReloadOutcome(is_applied=True, text=f"{changes}\n")

    def _refused(self, text: str) -> ReloadOutcome:
        self.reload_succeeded = False
        return ReloadOutcome(is_applied=False, text=text)

    async def _use(self, config: MasterConfig, targets: Sequence[Target]) -> str:
        async with self._changing:
            if self._is_ending:
                raise ServiceError("lmaster is ending; its next start reads the configuration")
            changes = await self._change(config, targets)
            self.reload_succeeded, self.reload_time_s = True, time.time()
        for warning in config.warnings:
            log.warning("%s", warning)
        return changes

    async def _change(self, config: MasterConfig, targets: Sequence[Target]) -> str:
        """Use a configuration; return what that changes, and what it can't change."""
        made = self._destinations.make(config.destinations)
        before, wanted = self._targets, {target.identity: target for target in targets}
        ended = [name for name in before if before[name].target != wanted.get(name)]
        await self._tasks.end(*ended)
        # From here to the next await nothing is scraped: no batch meets half of a change.
        self.scraper.flush()
        left = self._destinations.take(config.destinations, made)
        self.scraper.spools = self._destinations.spools
        self.scraper.sample_limit = config.master.sample_limit
        self._forget([before[name] for name in ended], wanted)
        self._watch(targets, before)
        await self._destinations.begin(config.destinations)
        told = [
            _counts(before, wanted, ended),
            *(f"points go to {one.destination.name} too" for one in made.values()),
            *await self._destinations.leave(left),
            *_fixed(self._config, config),
        ]
        return "; ".join(told)

    def _forget(self, ended: Iterable[TargetState], wanted: Mapping[str, Target]) -> None:
        """Forget what is remembered for targets as they were; what they counted stays counted."""
        for state in ended:
            self.scraper.forget(state.target)
            self._client.forget(state.target)
            if state.target.identity not in wanted:
                self.removed.add(state)

    def _watch(self, targets: Sequence[Target], before: Mapping[str, TargetState]) -> None:
        """Watch *targets* and no others; those that were there *before* go on with counting."""
        if told := process_limits.open_files_warning(
            len(targets), process_limits.target_limit(raise_limit())
        ):
            log.warning("%s", told)
        self._targets = {}
        for target in targets:
            name = target.identity
            state = self._targets[name] = before.get(name) or TargetState(target)
            state.target = target
            if name not in self._tasks:
                self._tasks.begin(name, self.scraper.watch(state))
        self.scraper.forget_others(targets)


def _journal(config: MasterConfig) -> Journal:
    master = config.master
    return Journal(
        Segments(master.data_directory / "queue", master.queue_bytes, master.queue_age_s)
    )


def _counts(
    before: Mapping[str, TargetState], wanted: Mapping[str, Target], ended: Sequence[str]
) -> str:
    new = len(wanted.keys() - before.keys())
    left = len(before.keys() - wanted.keys())
    changed = len(ended) - left
    return f"{len(wanted)} targets: {new} new, {changed} changed, {left} gone"


def _fixed(old: MasterConfig, new: MasterConfig) -> list[str]:
    """Return which sections' changes need a restart, if any do."""
    changed = {
        "[lmaster]": _of_the_start(old) != _of_the_start(new),
        "[web]": old.web != new.web,
        "[logging]": old.logging != new.logging,
    }
    sections = [section for section, is_changed in changed.items() if is_changed]
    return [f"after a restart only: {', '.join(sections)}"] if sections else []


def _of_the_start(config: MasterConfig) -> dict[str, object]:
    """Return what of [lmaster] is in use until a restart."""
    master = vars(config.master)
    return {key: value for key, value in master.items() if key not in ("sample_limit", "shard")}
