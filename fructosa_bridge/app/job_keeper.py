"""Keeps the jobs: the ledger in memory and the archive on disk, in one thread of their own.

Scraping and the pages never wait for it. What the archive cannot write stays in the ledger.
"""

import asyncio
import logging
import time
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple, TypeVar

from fructosa_service.errors import visible
from fructosa_service.humanize import duration

from ..config.jobs_settings import JobsSettings
from ..job_archive.archive import JobArchive
from ..job_archive.look_ups import ArchiveReader, JobQuery
from ..job_archive.views import RunView
from ..job_gpus.job_devices import JobDevices
from ..job_gpus.machine_page import machine_figures
from ..jobs.ledger import JobLedger
from ..jobs.names import JobName
from ..jobs.page import JobPageParser
from ..jobs.runs import JobRun
from ..model.errors import ArchiveError, PageError
from ..slurm_output.records import SlurmReading
from ..slurm_output.sacct import EndedJob
from ..web.status import JobsStatus
from .job_gaps import HOUR_S, MOST_HOURS, Gap, JobGaps
from .job_log import JobLog
from .job_writer import JobWriter

log = logging.getLogger("lmaster.jobs")
T = TypeVar("T")

INTERNAL_ERROR = "jobs: internal error"
GAP = "jobs: Slurm's list was not read for %s; slurmdbd is asked for what ended in the last %s"
FILLED = "jobs: slurmdbd told of %d runs that ended from %s to %s"
MOVED = "jobs: Slurm's cluster is now called %s, was %s; jobs of both are kept"

_WRITE_S = 60.0  # the archive is not older than this
_FRESH_S = 1.0  # for those who ask
_DAY_S = 86_400.0
# Slurm lists ended jobs for MinJobAge: those that were archived before need no second look.
_LISTED_S = 2 * _DAY_S
_LONG_S = 31 * _DAY_S  # a run that was submitted earlier is hardly requeued
_MOST_WAITING_BYTES = 64 * 2**20


class FetchedPage(NamedTuple):
    """The page of a node (Slurm's NodeName), and when it was fetched."""

    node: str
    text: str
    time_s: float


class JobKeeper:
    """Takes pages of nodes and readings of Slurm; writes; answers. Use it between open and close.

    What begins with ``_`` runs in the thread.
    """

    def __init__(
        self,
        archive: JobArchive,
        settings: JobsSettings,
        cluster: str | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.archive = archive
        self.fetch_errors: dict[str, str] = {}  # by node; who fetches sets it
        self.ready = asyncio.Event()  # pages can be taken: the name of the cluster is known
        self._settings = settings
        self._cluster = cluster  # of [slurm]; else Slurm's configuration has it
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jobs")
        self._reader = ArchiveReader(archive.path)
        self._parser = JobPageParser()
        self._ledger: JobLedger | None = None
        self._nodes: Mapping[str, frozenset[str]] = {}
        self._devices = JobDevices(settings.gpu_order)
        self._gaps = JobGaps(None)
        self._writer = JobWriter(archive, settings, clock, monotonic)
        self._log = JobLog(settings.interval_s, clock)
        self._waiting_bytes = 0
        self._working: Future[None] | None = None

    async def open(self) -> None:
        """Open the archive, and go on with the runs that are open in it.

        If it cannot be opened, that is logged, and tick() tries again: until then no page is taken.
        Raises: ServiceError if another lmaster uses it.
        """
        self._loop = asyncio.get_running_loop()
        await self._in_thread(self._open)

    async def close(self) -> None:
        """Write what is known, and close the archive."""
        await self._in_thread(self._close)
        self._thread.shutdown()

    def after(self, node: str) -> int | None:
        """Return the number after which a node is to be asked for ended jobs; None: for all."""
        return None if self._ledger is None else self._ledger.after(node)

    def status(self) -> JobsStatus:
        """Return how it goes; pages that could not be fetched are not among its *pages*."""
        ledger = self._ledger
        counts = None if ledger is None else ledger.counts
        try:
            size = self.archive.path.stat().st_size
        except OSError:
            size = 0
        return JobsStatus(
            pages=dict(self._log.pages),
            incomplete={
                "missed": counts.missed if counts else 0,
                "dropped": counts.dropped if counts else 0,
                "unknown": counts.unclaimed + counts.refused if counts else 0,
            },
            open_runs=ledger.run_count if ledger else 0,
            is_writable=self._writer.is_writable,
            archive_bytes=size,
        )

    def keep_nodes(self, nodes: Mapping[str, frozenset[str]]) -> None:
        """Forget the agents of all nodes but these; *nodes* says of which nodes each may tell."""
        self._thread.submit(self._guarded, self._keep_nodes, nodes)

    def take_pages(self, pages: Sequence[FetchedPage]) -> None:
        """Take pages; if too many wait, the largest are left out: nodes keep what is not fetched.

        So an agent whose page is huge takes no place from others.
        """
        taken, size = list[FetchedPage](), 0
        for page in sorted(pages, key=lambda page: len(page.text)):
            if self._waiting_bytes + size + len(page.text) > _MOST_WAITING_BYTES:
                break
            taken.append(page)
            size += len(page.text)
        self._log.left_out(len(pages) - len(taken))
        if not taken:
            return
        self._waiting_bytes += size
        future = self._thread.submit(self._guarded, self._see_pages, taken)
        future.add_done_callback(lambda _: self._in_loop(self._forget_size, size))

    def _forget_size(self, size: int) -> None:
        self._waiting_bytes -= size

    def _in_loop(self, function: Callable[..., object], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def take_reading(self, reading: SlurmReading) -> None:
        """Take what Slurm reports."""
        self._thread.submit(self._guarded, self._see_reading, reading)

    async def gaps(self) -> Sequence[Gap]:
        """Return the times in which runs ended that only Slurm's accounting may know."""
        return await self._in_thread(self._left)

    async def take_ended(self, gap: Gap, jobs: Sequence[EndedJob]) -> None:
        """Take all runs that ended in a gap, as Slurm's accounting knows them."""
        await self._in_thread(lambda: self._guarded(self._fill, gap, jobs))

    def tick(self) -> None:
        """Write and expire, if it is time; call it every few seconds."""
        self._log.tick()
        # A write that waits for a lock takes long: then one that waits for it is enough.
        if self._working is None or self._working.done():
            self._working = self._thread.submit(self._guarded, self._work)

    def find(self, name: JobName, uid: int | None = None) -> Sequence[RunView]:
        """Return all runs of a job, or those of a user, the oldest first.

        Raises: ArchiveError. It blocks.
        """
        self._thread.submit(self._guarded, self._write_of_job, name, uid).result()
        return self._reader.find(name, uid)

    def runs(self, query: JobQuery) -> Sequence[RunView]:
        """Return the runs that are asked for, the newest first. Raises: ArchiveError. It blocks."""
        self._thread.submit(self._guarded, self._write, _FRESH_S).result()
        return self._reader.runs(query)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # In the thread.

    def _guarded(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception:
            # A bug must cost one page or one reading, not the thread.
            log.exception(INTERNAL_ERROR)

    def _open(self) -> None:
        if not self._writer.open():
            return
        if self._ledger is not None:
            self._ledger.write_again()
            return
        with self._closed_if_unreadable():
            runs = self.archive.open_runs()
            known = [run.key for run in runs] or self.archive.keys_since(0, most=1)
            if name := self._cluster or (known[0].cluster if known else ""):
                self._begin(name, runs)

    @contextmanager
    def _closed_if_unreadable(self) -> Iterator[None]:
        """Close an archive that cannot be read: a damaged one is set aside when it is opened."""
        try:
            yield
        except ArchiveError as error:
            self._writer.log_error(str(error))
            self._writer.close()

    def _begin(self, name: str, runs: Iterable[JobRun]) -> None:
        """Begin the ledger of a cluster with what the archive has: its open *runs*, and more.

        Raises: ArchiveError; then there is no other ledger than before.
        """
        known_until_s, agents = self.archive.known_until_s(name), self.archive.agents()
        done = self.archive.keys_since(self._clock() - _LISTED_S)
        self._gaps = JobGaps(known_until_s)
        self._devices = JobDevices(self._settings.gpu_order)
        self._ledger = JobLedger(name, self._settings.interval_s)
        self._ledger.keep_nodes(self._nodes)
        self._ledger.restore(
            [run for run in runs if run.key.cluster == name],
            agents,
            [key for key in done if key.cluster == name],
        )
        self._writer.write_soon()
        self._in_loop(self.ready.set)

    def _see_pages(self, pages: Sequence[FetchedPage]) -> None:
        if self._ledger is None:
            return
        for page in pages:
            try:
                parsed = self._parser.parse(page.text)
            except PageError as error:
                self._log.refused(page.node, str(error))
                continue
            self._log.accepted(page.node)
            self._ledger.see_page(page.node, parsed, page.time_s)
            self._devices.see_page(
                page.node,
                parsed,
                machine_figures(page.text),
                self._ledger.parts_on(page.node),
                page.time_s,
            )

    def _keep_nodes(self, nodes: Mapping[str, frozenset[str]]) -> None:
        self._nodes = nodes
        if self._ledger is not None:
            self._ledger.keep_nodes(nodes)
            self._devices.keep_nodes(nodes)

    def _see_reading(self, reading: SlurmReading) -> None:
        name = self._cluster or reading.config.cluster
        if not self._writer.is_open:
            return
        before = None if self._ledger is None else self._ledger.cluster
        if name and name != before:
            if before is not None:
                log.warning(MOVED, visible(name), visible(before))
                self._write()
            with self._closed_if_unreadable():
                self._begin(name, self.archive.open_runs())
        if self._ledger is not None:
            if gap := self._gaps.see(reading):
                away_s = gap.until_s - gap.since_s
                asked_s = min(away_s, MOST_HOURS * HOUR_S)
                log.info(GAP, duration(away_s), duration(asked_s))
            self._ledger.see_jobs(reading.jobs, reading.time_s, reading.sluids)
            if reading.nodes is not None:
                self._devices.see_nodes(reading.nodes)
            if reading.gpus is not None:
                self._devices.see_allotments(reading.gpus, self._ledger.current, self._ledger.runs)
            self._log.contradictions(self._devices.contradictions)
        self._log.see(reading)

    def _write_of_job(self, name: JobName, uid: int | None) -> None:
        if self._ledger is not None:
            self._ledger.write_soon(name, uid)
        self._write(_FRESH_S)

    def _left(self) -> Sequence[Gap]:
        return [] if self._ledger is None else self._gaps.left(self._clock())

    def _fill(self, gap: Gap, jobs: Sequence[EndedJob]) -> None:
        if self._ledger is None:
            return
        job_ids = {int(job.record.job_id) for job in jobs}
        try:
            since_s = gap.since_s - _LONG_S
            archived = self.archive.keys_of(self._ledger.cluster, job_ids, since_s)
        except ArchiveError as error:
            self._writer.log_error(str(error))
            return  # it is asked for again
        self._ledger.see_ended(jobs, self._clock(), archived)
        self._gaps.filled(gap)
        self._write()
        if jobs:
            log.info(FILLED, len(jobs), *map(_moment, gap))

    def _work(self) -> None:
        if not self._writer.is_open:
            self._open()
            return
        self._write(_WRITE_S)
        self._writer.expire()

    def _write(self, not_within_s: float = 0.0) -> None:
        if self._ledger is not None:
            known_until_s = self._gaps.known_until_s
            errors = ChainMap(self.fetch_errors, self._log.errors)
            self._writer.write(self._ledger, self._devices, errors, known_until_s, not_within_s)

    def _close(self) -> None:
        self._guarded(self._write)
        self._writer.close()


def _moment(time_s: float) -> str:
    return datetime.fromtimestamp(time_s).astimezone().isoformat(timespec="seconds")
