"""Keeps the jobs: the ledger in memory and the archive on disk, in one thread of their own.

Scraping and the pages never wait for it. What the archive cannot write stays in the ledger.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import NamedTuple, TypeVar

from fructosa_service.errors import visible

from ..config.jobs_settings import JobsSettings
from ..job_archive.archive import JobArchive
from ..job_archive.look_ups import ArchiveReader, JobQuery
from ..job_archive.rows import ArchiveRows, rows_of
from ..job_archive.views import RunView
from ..job_gpus.job_devices import JobDevices
from ..job_gpus.machine_page import machine_figures
from ..jobs.ledger import JobLedger, LedgerBatch
from ..jobs.names import JobName
from ..jobs.page import JobPageParser
from ..jobs.runs import JobRun
from ..model.errors import ArchiveError, PageError
from ..slurm.job_advice import job_advice
from ..slurm_output.records import SlurmReading
from ..slurm_output.sacct import EndedJob
from ..slurm_output.tres import time_s
from ..web.status import JobsStatus
from .job_gaps import HOUR_S, MOST_HOURS, Gap, JobGaps

log = logging.getLogger("lmaster.jobs")
T = TypeVar("T")

NOT_WRITTEN = "jobs: %s"
REPLACED = (
    "jobs: the archive, %s, was removed or replaced while it was in use: what is in memory is "
    "written to the one that is there now; stop lmaster before you do that"
)
WRITTEN_AGAIN = "jobs: the archive is written again"
PAGE_REFUSED = "jobs: the page of %s is refused: %s"
PAGE_ACCEPTED = "jobs: the page of %s is valid again"
MORE_PAGES = "jobs: pages of more nodes are refused or valid again; for a minute they are not named"
TOO_SLOW = "jobs: more pages come than can be read; %d were left out and are asked for again"
CLOCKS_APART = (
    "jobs: by the clock of this machine, a job that runs will begin only in %.0f s: what nodes say "
    "of such jobs cannot be joined; set the clocks of this machine and of slurmctld, e.g. by NTP"
)
INTERNAL_ERROR = "jobs: internal error"
NOT_STORABLE = "jobs: internal error: job %s cannot be written"
ADVICE = "jobs: %s"
CONTRADICTIONS = (
    "jobs: %d times a process was seen on a GPU that Slurm gave to another job, or to none; notes "
    "of the jobs name it: check gpu order in [jobs], and ConstrainDevices in cgroup.conf"
)
GAP = (
    "jobs: Slurm's list was not read for %.1f hours; slurmdbd is asked for what ended in the last "
    "%.1f hours"
)
FILLED = "jobs: slurmdbd told of %d runs that ended from %s to %s"
MOVED = "jobs: Slurm's cluster is now called %s, was %s; jobs of both are kept"

_WRITE_S = 60.0  # the archive is not older than this
_FRESH_S = 1.0  # for those who ask
_EXPIRE_S = 600.0
_DAY_S = 86_400.0
# Slurm lists ended jobs for MinJobAge: those that were archived before need no second look.
_LISTED_S = 2 * _DAY_S
_LONG_S = 31 * _DAY_S  # a run that was submitted earlier is hardly requeued
_MOST_WAITING_BYTES = 64 * 2**20
_MOST_REFUSED = 1_000  # nodes whose error is remembered
_SAY_AGAIN_S = 60.0
_MOST_NAMED = 10  # nodes a minute whose pages are refused, or valid again


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
    ) -> None:
        self.archive = archive
        self.ready = asyncio.Event()  # pages can be taken: the name of the cluster is known
        self._settings = settings
        self._cluster = cluster  # of [slurm]; else Slurm's configuration has it
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jobs")
        self._reader = ArchiveReader(archive.path)
        self._parser = JobPageParser()
        self._ledger: JobLedger | None = None
        self._devices = JobDevices(settings.gpu_order)
        self._contradictions = 0
        self._gaps = JobGaps(None)
        self._name = ""
        self._is_open = False
        self._written_s = self._failed_s = self._expired_s = 0.0
        self._error = ""
        self._refused: dict[str, str] = {}
        self._named, self._named_s = 0, 0.0
        self._pages = {"ok": 0, "refused": 0}
        self._advised: set[str] = set()
        self._waiting_bytes, self._left_out, self._slow_s = 0, 0, 0.0
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
            pages=dict(self._pages),
            incomplete={
                "missed": counts.missed if counts else 0,
                "dropped": counts.dropped if counts else 0,
                "unknown": counts.unclaimed + counts.refused if counts else 0,
            },
            open_runs=len(ledger.runs) if ledger else 0,
            is_writable=self._is_open and not self._error,
            archive_bytes=size,
        )

    def keep_nodes(self, nodes: Iterable[str]) -> None:
        """Forget the agents of all nodes but these, as they are no longer fetched from."""
        self._thread.submit(self._guarded, self._keep_nodes, tuple(nodes))

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
        self._left_out += len(pages) - len(taken)
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
        now_s = self._clock()
        if self._left_out and not 0 <= now_s - self._slow_s < _SAY_AGAIN_S:
            log.warning(TOO_SLOW, self._left_out)
            self._left_out, self._slow_s = 0, now_s
        # A write that waits for a lock takes long: then one that waits for it is enough.
        if self._working is None or self._working.done():
            self._working = self._thread.submit(self._guarded, self._work)

    def find(self, name: JobName, uid: int | None = None) -> Sequence[RunView]:
        """Return all runs of a job, or those of a user, the oldest first.

        Raises: ArchiveError. It blocks.
        """
        self._refresh().result()
        return self._reader.find(name, uid)

    def runs(self, query: JobQuery) -> Sequence[RunView]:
        """Return the runs that are asked for, the newest first. Raises: ArchiveError. It blocks."""
        self._refresh().result()
        return self._reader.runs(query)

    def _refresh(self) -> "Future[None]":
        return self._thread.submit(self._guarded, self._write, _FRESH_S)

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
        try:
            self.archive.open()
        except ArchiveError as error:
            self._log_error(str(error))
            return
        self._is_open = True
        self._log_error("")
        if self._ledger is not None:
            self._ledger.write_again()
            return
        runs = self.archive.open_runs()
        known = [run.key for run in runs] or self.archive.keys_since(0, most=1)
        if name := self._cluster or (known[0].cluster if known else ""):
            self._begin(name)

    def _begin(self, name: str) -> None:
        """Begin the ledger of a cluster with what the archive has."""
        self._name, self._written_s = name, 0.0
        self._gaps = JobGaps(self.archive.known_until_s(name))
        self._ledger = JobLedger(name, self._settings.interval_s)
        self._devices = JobDevices(self._settings.gpu_order)
        self._contradictions = 0
        self._ledger.restore(
            [run for run in self.archive.open_runs() if run.key.cluster == name],
            self.archive.agents(),
            [
                key
                for key in self.archive.keys_since(self._clock() - _LISTED_S)
                if key.cluster == name
            ],
        )
        self._in_loop(self.ready.set)

    def _see_pages(self, pages: Sequence[FetchedPage]) -> None:
        if self._ledger is None:
            return
        for page in pages:
            try:
                parsed = self._parser.parse(page.text)
            except PageError as error:
                self._pages["refused"] += 1
                self._refuse(page.node, str(error))
                continue
            self._pages["ok"] += 1
            if self._refused.pop(page.node, None) is not None:
                self._name_node(logging.INFO, PAGE_ACCEPTED, page.node)
            self._ledger.see_page(page.node, parsed, page.time_s)
            self._devices.see_page(
                page.node,
                parsed,
                machine_figures(page.text),
                self._ledger.parts_on(page.node),
                page.time_s,
            )

    def _refuse(self, node: str, error: str) -> None:
        if self._refused.get(node) != error and len(self._refused) < _MOST_REFUSED:
            self._refused[node] = error
            self._name_node(logging.WARNING, PAGE_REFUSED, node, error)

    def _name_node(self, level: int, *message: str) -> None:
        """Log something of a node: an agent may send other nonsense each time."""
        now_s = self._clock()
        if not 0 <= now_s - self._named_s < _SAY_AGAIN_S:
            self._named, self._named_s = 0, now_s
        self._named += 1
        if self._named <= _MOST_NAMED:
            log.log(level, *message)
        elif self._named == _MOST_NAMED + 1:
            log.warning(MORE_PAGES)

    def _keep_nodes(self, nodes: Sequence[str]) -> None:
        if self._ledger is not None:
            self._ledger.keep_nodes(nodes)
            self._devices.keep_nodes(nodes)

    def _see_reading(self, reading: SlurmReading) -> None:
        name = self._cluster or reading.config.cluster
        if not self._is_open:
            return
        if name and name != self._name:
            if self._name:
                log.warning(MOVED, visible(name), visible(self._name))
                self._write(0)
            self._begin(name)
        if self._ledger is not None:
            if gap := self._gaps.see(reading):
                hours = (gap.until_s - gap.since_s) / HOUR_S
                log.info(GAP, hours, min(hours, MOST_HOURS))
            self._ledger.see_jobs(reading.jobs, reading.time_s, reading.sluids)
            if reading.nodes is not None:
                self._devices.see_nodes(reading.nodes)
            if reading.gpus is not None:
                self._devices.see_allotments(reading.gpus, self._ledger.current, self._ledger.runs)
            self._log_contradictions()
            self._compare_clocks(reading)
        for advice in job_advice(reading.config):
            if advice not in self._advised:
                self._advised.add(advice)
                log.warning(ADVICE, advice)

    def _log_contradictions(self) -> None:
        """Log that Slurm and processes contradict one another, once for each power of ten."""
        found = self._devices.contradictions
        if len(str(found)) > len(str(self._contradictions)) or found > self._contradictions == 0:
            log.warning(CONTRADICTIONS, found)
            self._contradictions = found

    def _left(self) -> Sequence[Gap]:
        return [] if self._ledger is None else self._gaps.left(self._clock())

    def _fill(self, gap: Gap, jobs: Sequence[EndedJob]) -> None:
        if self._ledger is None:
            return
        job_ids = {int(job.record.job_id) for job in jobs}
        try:
            archived = self.archive.keys_of(self._name, job_ids, gap.since_s - _LONG_S)
        except ArchiveError as error:
            self._log_error(str(error))
            return  # it is asked for again
        self._ledger.see_ended(jobs, self._clock(), archived)
        self._gaps.filled(gap)
        self._write(0)
        if jobs:
            log.info(FILLED, len(jobs), *map(_moment, gap))

    def _compare_clocks(self, reading: SlurmReading) -> None:
        """Log once that Slurm's clock is ahead by so much that the times of jobs do not fit."""
        starts_s = (time_s(one.start_time) for one in reading.jobs or () if one.state == "RUNNING")
        ahead_s = max((one or 0.0 for one in starts_s), default=0.0) - reading.time_s
        if ahead_s > self._settings.interval_s and CLOCKS_APART not in self._advised:
            self._advised.add(CLOCKS_APART)
            log.error(CLOCKS_APART, ahead_s)

    def _work(self) -> None:
        if not self._is_open:
            self._open()
            return
        self._write(_WRITE_S)
        now_s = self._clock()
        if not 0 <= now_s - self._expired_s < _EXPIRE_S:
            before_s = now_s - self._settings.keep_days * _DAY_S
            try:
                if not self.archive.expire(before_s, self._settings.keep_bytes):
                    self._expired_s = now_s
            except ArchiveError as error:
                self._log_error(str(error))

    def _write(self, not_within_s: float) -> None:
        """Write what has changed, unless that was done so lately."""
        now_s, ledger = self._clock(), self._ledger
        if ledger is None or 0 <= now_s - self._written_s < not_within_s:
            return
        if 0 <= now_s - self._failed_s < _FRESH_S:
            return  # else all who ask wait for the same lock, one after the other
        if not self.archive.is_in_place:
            log.error(REPLACED, self.archive.path)
            self.archive.close()
            self._is_open = False
            self._open()
        while True:
            batch = ledger.batch(now_s)
            for run in batch.runs:
                self._set_gpus(ledger, run)
            rows = self._rows(batch, now_s)
            known_s = self._gaps.known_until_s
            if batch.is_last and known_s is not None:
                rows = rows._replace(known=(self._name, known_s))
            try:
                self.archive.write(rows)
            except ArchiveError as error:
                ledger.not_written(batch)
                self._log_error(str(error))
                self._failed_s = self._clock()
                return
            except Exception:
                ledger.not_written(batch)
                raise
            ledger.written(batch, now_s)
            if not batch.runs:
                break
        self._written_s = now_s
        self._log_error("")

    def _set_gpus(self, ledger: JobLedger, run: JobRun) -> None:
        use = self._devices.figures(run)
        if use is not None:
            ledger.set_gpus(
                run,
                use.uuids,
                use.busy_s,
                use.joules,
                coverage=use.coverage,
                notes=use.notes,
            )

    def _rows(self, batch: LedgerBatch, now_s: float) -> ArchiveRows:
        """Return a batch as rows. A bug that concerns a run must not keep others from the disk."""
        least = self._settings.least_coverage
        try:
            return rows_of(batch, now_s, least_coverage=least)
        except Exception:  # noqa: BLE001 - which run it is shows below
            for run in list(batch.runs):
                try:
                    rows_of(LedgerBatch([run]), now_s, least_coverage=least)
                except Exception:
                    log.exception(NOT_STORABLE, run.id)
                    batch.runs.remove(run)
        return rows_of(batch, now_s, least_coverage=least)

    def _log_error(self, error: str) -> None:
        """Log why the archive cannot be written, when that changes."""
        if error and error != self._error:
            log.error(NOT_WRITTEN, error)
        elif self._error and not error:
            log.info(WRITTEN_AGAIN)
        self._error = error

    def _close(self) -> None:
        self._guarded(self._write, 0)
        self.archive.close()


def _moment(time_s: float) -> str:
    return datetime.fromtimestamp(time_s).astimezone().isoformat(timespec="seconds")
