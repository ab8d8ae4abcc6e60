"""What runs: scrapes of targets and deliveries to destinations; and how a reload changes them."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from fructosa_service.background_tasks import Tasks
from fructosa_service.daemon.open_files import raise_limit
from fructosa_service.errors import ConfigError, FileError, ServiceError, UsageError
from fructosa_service.humanize import duration

from ..clocks.clock_steps import ClockSteps
from ..config.settings import MasterConfig
from ..config.targets import slurm_target
from ..deliver.delivery import Delivery
from ..deliver.destinations import Destinations, drain
from ..model.target import Target
from ..queue.journal import Journal
from ..queue.segments import Segments
from ..scrape.client import Client
from ..scrape.schedule import moved
from ..scrape.scraper import INTERNAL_ERROR, Scraper
from ..scrape.target_state import ScrapeTotals, TargetState
from ..series.kept_series import KeptSeries
from ..series.series_gate import SeriesGate
from ..slurm.monitor import SlurmMonitor, source
from ..slurm_states.kept_nodes import KeptNodes
from ..slurm_states.kept_states import KeptStates
from ..web.status import JobsStatus, ReloadOutcome
from ..whisper.store import WhisperStore
from .job_service import JobService
from .process_limits import open_files_warning, target_limit
from .slurm_targets import LIST_CHANGED, LIST_REFUSED, MakeTargets, SlurmTargets

log = logging.getLogger("lmaster")

# Pages that were requested before the stop may still arrive: a node that is well responds within
# milliseconds.
_LAST_RESPONSES_S = 0.5
_SLURM = "Slurm"  # the task that reads it
_SLURM_NODES = "Slurm's nodes"  # the task that follows their list
_CLOCK = "clock"  # the task that notices when it is set
_KEPT_SERIES = "known series"  # the task that keeps them over a restart
# What a reload changes of [lmaster].
_AT_ONCE = ("sample_limit", "series_limit", "shard")
CLOCK_WAS_SET = "this machine's clock was set %s %s"
CHANGES = "{targets} targets: {new} new, {changed} changed, {removed} removed"
NEW_DESTINATION = "points now also go to {name}"
READ_AGAIN = "the configuration was read again: %s"
REFUSED = "the configuration is refused, the current one stays in use: %s"
STAYS_IN_USE = "The current configuration stays in use."

Load = Callable[[], tuple[MasterConfig, list[Target]]]
"""Reads the configuration; raises ConfigError or another error of the service package."""


class Engine:
    """Scrapes and delivers from start() to stop(). It is what the web pages show.

    *load* reads the configuration again; without it there is no reload. *make_targets* computes
    the targets when Slurm's list of nodes changes; without it they stay as they are. Without
    *has_journal* everything waits in memory, as a single scrape needs no queue on disk.
    """

    def __init__(
        self,
        config: MasterConfig,
        client: Client,
        load: Load | None = None,
        *,
        make_targets: MakeTargets | None = None,
        job_socket: socket.socket | None = None,
        has_journal: bool = True,
    ) -> None:
        self.reload = None if load is None else self._reload
        self.reload_succeeded, self.reload_time_s = True, time.time()
        self.removed = ScrapeTotals()
        self.is_ready = False
        self._config = config  # some of its settings stay in use until a restart
        self._current = config
        self._client = client
        self._load = load
        self._started, self._is_stopping = asyncio.Event(), False
        self._reloading, self._changing = asyncio.Lock(), asyncio.Lock()
        self._targets: dict[str, TargetState] = {}
        self._tasks = Tasks()
        journal = _journal(config) if has_journal else None
        self._destinations = Destinations(config.master, journal, self._tasks)
        self.slurm = self._slurm_monitor(config)
        kept = KeptNodes(config.master.data_directory)
        self._slurm_targets = SlurmTargets(kept, make_targets, self._use_nodes)
        self.jobs: JobService | None = None
        if config.jobs is not None and has_journal:
            self.jobs = JobService(config, lambda: self._slurm_targets.nodes, job_socket)
        self._refused_list = ""  # why, as it was logged
        self.scraper = Scraper(
            client,
            self._destinations.queue,
            config.master.sample_limit,
            is_expected=self._is_expected,
            gate=SeriesGate(config.master.series_limit),
        )
        self._kept_series: KeptSeries | None = None
        if has_journal:
            self._kept_series = KeptSeries(config.master.data_directory, self.scraper.gate)

    @property
    def states(self) -> Sequence[TargetState]:
        """The targets, in the order of the configuration."""
        return list(self._targets.values())

    @property
    def deliveries(self) -> Sequence[Delivery]:
        """The destinations, with what waits for them."""
        return self._destinations.deliveries

    @property
    def store(self) -> WhisperStore | None:
        """The embedded store, if it is a destination."""
        stores = [delivery.destination for delivery in self.deliveries]
        return next((store for store in stores if isinstance(store, WhisperStore)), None)

    @property
    def jobs_status(self) -> JobsStatus | None:
        """How keeping jobs goes; None without [jobs]."""
        return None if self.jobs is None else self.jobs.status

    @property
    def queue_limits(self) -> tuple[int, float]:
        """The limits of the queue on disk, in bytes and in seconds."""
        return self._config.master.queue_bytes, self._config.master.queue_age_s

    def prepare(self) -> None:
        """Create the destinations and open the queue.

        Raises: ServiceError if another lmaster uses the queue, or a folder cannot be written.
        """
        sections = self._config.destinations
        self._destinations.use(sections, self._destinations.create(sections))
        if self._kept_series is not None:
            self._kept_series.read()

    async def start(self, targets: Sequence[Target]) -> None:
        """Start to deliver and to scrape."""
        await self._destinations.start(self._config.destinations)
        if self._kept_series is not None:
            self._tasks.begin(_KEPT_SERIES, self._kept_series.keep())
        self._tasks.begin(_CLOCK, ClockSteps().follow(self._clock_was_set))
        self._scrape(targets, {})
        self._slurm_targets.begin(self._config)
        if self.jobs is not None:
            await self.jobs.start()
        self._tasks.begin(_SLURM_NODES, self._slurm_targets.run())
        self._read_slurm()
        self.is_ready = True
        self._started.set()

    async def scrape_once(self, targets: Sequence[Target]) -> list[TargetState]:
        """Start to deliver, scrape every target once, now; return how that went."""
        await self._destinations.start(self._config.destinations)
        self.is_ready = True
        states, now_s = [TargetState(target) for target in targets], time.time()
        await asyncio.gather(*(self.scraper.scrape(state, now_s) for state in states))
        await self.scraper.settle()
        return states

    async def failure(self) -> None:
        """Wait for a background task that ends by itself, which is a bug; raise its error."""
        failures = [self._tasks.failure()]
        if self.jobs is not None:
            failures.append(self.jobs.failure())
        await asyncio.gather(*failures)

    async def stop(self, within_s: float) -> None:
        """Stop scraping; deliver what is queued, as far as that takes no more than *within_s*."""
        if self._is_stopping:
            return
        self._is_stopping = True
        async with self._changing:
            is_delivering, self.is_ready = self.is_ready, False
            if unfinished := await self.scraper.stop(_LAST_RESPONSES_S):
                log.warning("scrapes cancelled at the stop, their slots stay empty: %d", unfinished)
            await self._tasks.end(*self._targets, *self._slurm_task())
            if self.jobs is not None:
                await self.jobs.stop()
            self.scraper.flush()
            self.scraper.end_log()
            if is_delivering and not self._tasks.has_failed:
                await drain(self.deliveries, within_s)
            await self._tasks.end_all()
            if self._kept_series is not None:
                await self._kept_series.save()
            await self._destinations.close()

    def _slurm_monitor(self, config: MasterConfig) -> SlurmMonitor | None:
        if config.slurm is None:
            return None
        graphite = config.graphite
        target = slurm_target(
            config.slurm.interval_s, config.master.port, graphite.prefix, graphite.naming
        )
        kept = KeptStates(config.master.data_directory, source(config.slurm))
        made = SlurmMonitor(config.slurm, target, self._destinations.queue, kept)
        made.targets = lambda: self.states
        return made

    def _clock_was_set(self, step_s: float, now_s: float) -> None:
        log.warning(CLOCK_WAS_SET, duration(abs(step_s)), "ahead" if step_s > 0 else "back")
        self.reload_time_s = moved(self.reload_time_s, step_s, now_s)
        for state in self.states:
            state.clock_was_set(step_s, now_s)
        if self.slurm is not None:
            self.slurm.clock_was_set(step_s, now_s)

    def _read_slurm(self) -> None:
        if self.slurm is not None:
            self._slurm_targets.listen(self.slurm)
            if self.jobs is not None:
                self.jobs.listen(self.slurm)
            self._tasks.begin(_SLURM, self.slurm.run())

    def _is_expected(self, target: Target) -> bool:
        """Return whether Slurm does not say that the node of a *target* is down on purpose."""
        return self.slurm is None or self.slurm.find(target.host).is_expected

    async def _reload(self) -> ReloadOutcome:
        """Read the configuration again and use it; if it is wrong, keep the current one."""
        assert self._load is not None  # noqa: S101 - else nobody has this method
        async with self._reloading:
            await self._started.wait()
            try:
                config, targets = await asyncio.to_thread(self._load)
                # With the list in use: its file may be older if it could not be written.
                with_slurm = await self._with_slurm(config)
                targets = targets if with_slurm is None else with_slurm
                # If the client goes away, a change that has begun is still completed.
                changes = await asyncio.shield(self._use(config, targets))
            except (ConfigError, FileError, ServiceError, UsageError) as error:
                log.error(REFUSED, error)
                return self._refused(f"{error}\n{STAYS_IN_USE}\n")
            except Exception as error:
                log.exception("internal error while the configuration was read again")
                name = type(error).__name__
                return self._refused(f"{INTERNAL_ERROR.format(kind=name, error=error)}\n")
        log.info(READ_AGAIN, changes)
        return ReloadOutcome(is_applied=True, text=f"{changes}\n")

    def _refused(self, text: str) -> ReloadOutcome:
        self.reload_succeeded = False
        return ReloadOutcome(is_applied=False, text=text)

    async def _use(self, config: MasterConfig, targets: Sequence[Target]) -> str:
        async with self._changing:
            if self._is_stopping:
                raise ServiceError("lmaster is stopping; it reads the configuration when it starts")
            changes = await self._change(config, targets)
            await self._change_slurm(config)
            self._current = config
            if self.jobs is not None:
                self.jobs.use(config)
            self.reload_succeeded, self.reload_time_s = True, time.time()
        self._slurm_targets.warn(config)
        for warning in config.warnings:
            log.warning("%s", warning)
        return changes

    async def _use_nodes(self) -> bool:
        """Scrape the nodes that Slurm lists now, if a section has them; return whether it may."""
        async with self._reloading:
            config = self._current
            try:
                targets = await self._with_slurm(config)
            except (ConfigError, UsageError) as error:
                if str(error) != self._refused_list:
                    log.error(LIST_REFUSED, error)
                self._refused_list = str(error)
                return False
            self._refused_list = ""
            async with self._changing:
                if targets is not None and not self._is_stopping:
                    log.info(LIST_CHANGED, await self._change(config, targets))
        self._slurm_targets.warn(config)
        return True

    async def _with_slurm(self, config: MasterConfig) -> list[Target] | None:
        return await self._slurm_targets.of(config, [state.target for state in self.states])

    async def _change(self, config: MasterConfig, targets: Sequence[Target]) -> str:
        """Use a configuration; return what that changes, and what needs a restart."""
        created = self._destinations.create(config.destinations)
        before, wanted = self._targets, {target.identity: target for target in targets}
        ended = [name for name in before if not _is_same(before[name].target, wanted.get(name))]
        await self._tasks.end(*ended)
        # Until the next await nothing is scraped: no batch sees half of the change.
        self.scraper.flush()
        unused = self._destinations.use(config.destinations, created)
        self.scraper.sample_limit = config.master.sample_limit
        self.scraper.gate.total_limit = config.master.series_limit
        self._forget([before[name] for name in ended], wanted)
        self._scrape(targets, before)
        await self._destinations.start(config.destinations)
        changes = [
            _counts(before, wanted, ended),
            *(NEW_DESTINATION.format(name=one.destination.name) for one in created.values()),
            *await self._destinations.remove(unused),
            *_needing_restart(self._config, config),
        ]
        return "; ".join(changes)

    def _slurm_task(self) -> list[str]:
        return [_SLURM] if _SLURM in self._tasks else []

    async def _change_slurm(self, config: MasterConfig) -> None:
        """Read Slurm as *config* says, and at once; what it last reported stays until then."""
        made = self._slurm_monitor(config)
        if self.slurm is not None and _slurm_settings(made) == _slurm_settings(self.slurm):
            self.slurm.wake()
            return
        await self._tasks.end(*self._slurm_task())
        if made is not None and self.slurm is not None:
            made.take_over(self.slurm)
        self.slurm = made
        self._read_slurm()

    def _forget(self, ended: Iterable[TargetState], wanted: Mapping[str, Target]) -> None:
        """Forget targets that were removed or changed; keep the totals of those removed."""
        for state in ended:
            self.scraper.forget(state.target)
            self._client.forget(state.target)
            if state.target.identity not in wanted:
                self.removed.add(state)

    def _scrape(self, targets: Sequence[Target], before: Mapping[str, TargetState]) -> None:
        """Scrape *targets* and no others; the totals of those that were there *before* go on."""
        connections = len(targets)
        if self.jobs is not None:
            connections += len({target.endpoint for target in targets})
        if warning := open_files_warning(connections, target_limit(raise_limit())):
            log.warning("%s", warning)
        self._targets = {}
        for target in targets:
            name = target.identity
            state = self._targets[name] = before.get(name) or TargetState(target)
            state.target = target
            if name not in self._tasks:
                self._tasks.begin(name, self.scraper.run(state))
        self.scraper.keep_only(targets)


def _journal(config: MasterConfig) -> Journal:
    master = config.master
    return Journal(
        Segments(master.data_directory / "queue", master.queue_bytes, master.queue_age_s)
    )


def _is_same(target: Target, other: Target | None) -> bool:
    return target is other or target == other


def _slurm_settings(monitor: SlurmMonitor | None) -> object:
    return None if monitor is None else (monitor.settings, monitor.target)


def _counts(
    before: Mapping[str, TargetState], wanted: Mapping[str, Target], ended: Sequence[str]
) -> str:
    new = len(wanted.keys() - before.keys())
    removed = len(before.keys() - wanted.keys())
    changed = len(ended) - removed
    return CHANGES.format(targets=len(wanted), new=new, changed=changed, removed=removed)


def _needing_restart(old: MasterConfig, new: MasterConfig) -> list[str]:
    """Return which sections changed in a way that needs a restart, if any did."""
    changed = {
        "[lmaster]": _fixed_settings(old) != _fixed_settings(new),
        "[web]": old.web != new.web,
        "[logging]": old.logging != new.logging,
        "[jobs]": old.jobs != new.jobs,
    }
    sections = [section for section, is_changed in changed.items() if is_changed]
    return [f"needs a restart: {', '.join(sections)}"] if sections else []


def _fixed_settings(config: MasterConfig) -> dict[str, object]:
    """Return the settings of [lmaster] that stay in use until a restart."""
    master = vars(config.master)
    return {key: value for key, value in master.items() if key not in _AT_ONCE}
