"""Jobs: fetched from nodes, joined with Slurm, kept, and shown at the socket."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from fructosa_service.background_tasks import Tasks
from fructosa_service.errors import ConfigError, UsageError
from fructosa_service.web.settings import WebSettings

from ..config.settings import MasterConfig
from ..job_archive.archive import JobArchive
from ..job_archive.look_ups import ArchiveReader
from ..job_server.pages import JobPages, UserJobPages
from ..job_server.unix_socket import listener
from ..nodes.slurm_nodes import NodeList
from ..scrape.client import Client
from ..slurm.monitor import SlurmMonitor
from ..slurm_output.records import SlurmReading
from ..slurm_states.matching import NodeIndex
from ..web.server import WebServer
from ..web.status import JobsStatus
from .job_fetcher import JobFetcher
from .job_keeper import JobKeeper
from .job_targets import job_targets

log = logging.getLogger("lmaster.jobs")

NODES_REFUSED = "jobs: Slurm's new list of nodes is refused, the old one stays in use: %s"
_NODES_TASK, _KEEPER_TASK, _LOG_TASK = "nodes of jobs", "archive of jobs", "errors of jobs"
_GAPS_TASK = "gaps of jobs"
_TICK_S = 5.0
# How long slurmdbd is left alone after an error.
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 60.0, 1800.0


class JobService:
    """Runs from start() to stop(); *nodes* returns the list of Slurm's nodes in use.

    The *job_socket* listens already; without it, start() makes it.
    """

    def __init__(
        self,
        config: MasterConfig,
        nodes: Callable[[], NodeList],
        job_socket: socket.socket | None = None,
        client: Client | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        assert config.jobs is not None  # noqa: S101 - else there is no service
        cluster = None if config.slurm is None else config.slurm.cluster
        self._config = config
        self._settings = config.jobs
        self._socket = job_socket
        self._nodes = nodes
        self._index: NodeIndex | None = None
        # A client of its own: connections are kept by target, and those to /metrics are busy.
        self._client = client or Client()
        self._tasks = Tasks()
        archive = JobArchive(config.master.jobs_directory)
        self.keeper = JobKeeper(archive, config.jobs, cluster, clock)
        take, after = self.keeper.take_pages, self.keeper.after
        self._fetcher = JobFetcher(self._client, take, after, self._tasks, clock)
        self.keeper.fetch_errors = self._fetcher.errors
        self._changed = asyncio.Event()
        self._was_read = asyncio.Event()
        self._accounting: SlurmMonitor | None = None  # asks slurmdbd
        self._loop_s = time.monotonic
        self._slurm_read_s: float | None = None
        self._clock = clock
        counts = ArchiveReader(archive.path).run_counts
        pages = JobPages(self.keeper, config.jobs, counts, self._slurm_age_s)
        self._server = WebServer(pages.application(), WebSettings())
        self._stack = AsyncExitStack()
        are_checked = config.web.users_file is not None
        self.routes = UserJobPages(
            self.keeper, config.jobs, counts, self._slurm_age_s, are_users_checked=are_checked
        ).routes()

    async def start(self) -> None:
        """Open the archive, listen at the socket, and fetch from the nodes that are known.

        Raises: ServiceError if another lmaster uses one of them, or the socket cannot be made.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        made = self._socket or self._stack.enter_context(listener(self._settings.socket))
        self._stack.push_async_callback(self.keeper.close)
        await self.keeper.open()
        await self._stack.enter_async_context(self._client)
        await self._server.listen([made])
        self._stack.push_async_callback(self._server.close)
        self._index = await asyncio.to_thread(NodeIndex, self._nodes().nodes)
        self._changed.set()
        self._tasks.begin(_NODES_TASK, self._follow_nodes())
        self._tasks.begin(_KEEPER_TASK, self._tick())
        self._tasks.begin(_GAPS_TASK, self._fill_gaps())
        self._tasks.begin(_LOG_TASK, self._fetcher.log_errors())

    async def stop(self) -> None:
        """Stop fetching, write what is known, close the socket and the archive."""
        await self._tasks.end_all()
        self._fetcher.flush()
        await self._stack.aclose()

    @property
    def status(self) -> JobsStatus:
        """How reading and keeping jobs goes."""
        found = self.keeper.status()
        return found._replace(pages={**found.pages, "failed": self._fetcher.failures})

    async def failure(self) -> None:
        """Wait for a background task that ends by itself, which is a bug; raise its error."""
        await self._tasks.failure()

    def listen(self, monitor: SlurmMonitor) -> None:
        """Take the readings of a *monitor*, and let it read the GPUs of jobs."""
        monitor.read_gpus()
        monitor.listeners.append(lambda reading: self._take(reading, monitor))

    def _take(self, reading: SlurmReading, monitor: SlurmMonitor) -> None:
        self.keeper.take_reading(reading)
        if reading.jobs is not None:
            self._slurm_read_s = reading.time_s
        if reading.config.has_accounting:
            self._accounting = monitor
            self._was_read.set()
        if reading.nodes and monitor.index is not self._index:
            self._index = monitor.index
            self._changed.set()

    def _slurm_age_s(self) -> float | None:
        if self._slurm_read_s is None:
            return None
        return max(0.0, self._clock() - self._slurm_read_s)

    def use(self, config: MasterConfig) -> None:
        """Fetch from the nodes of a configuration that was read again."""
        self._config = config
        self._changed.set()

    async def _follow_nodes(self) -> None:
        await self.keeper.ready.wait()
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._use_nodes()

    async def _fill_gaps(self) -> None:
        """Ask Slurm's accounting for what ended while its list was not read, after a reading."""
        next_s = pause_s = 0.0
        while True:
            await self._was_read.wait()
            self._was_read.clear()
            if self._loop_s() < next_s or self._accounting is None:
                continue
            for gap in await self.keeper.gaps():
                jobs = await self._accounting.read_ended(*gap)
                if jobs is None:  # slurmdbd is down, perhaps for long
                    pause_s = min(max(2 * pause_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
                    next_s = self._loop_s() + pause_s
                    break
                pause_s = 0.0
                await self.keeper.take_ended(gap, jobs)

    async def _tick(self) -> None:
        while True:
            self.keeper.tick()
            await asyncio.sleep(_TICK_S)

    async def _use_nodes(self) -> None:
        config, nodes, index = self._config, self._nodes(), self._index
        assert index is not None  # noqa: S101 - start() has set it
        try:
            # A thread: with 10,000 nodes this takes a tenth of a second.
            targets = await asyncio.to_thread(job_targets, config, nodes, index)
        except (ConfigError, UsageError) as error:
            log.error(NODES_REFUSED, error)
            return
        self.keeper.keep_nodes({node: found.nodes for node, found in targets.items()})
        await self._fetcher.use({node: found.target for node, found in targets.items()})
