"""Writes jobs into the archive, and deletes old ones; what cannot be written stays in memory."""

import logging
import time
from collections.abc import Callable, Mapping

from ..clocks.settled_clock import SettledClock
from ..config.jobs_settings import JobsSettings
from ..job_archive.archive import JobArchive
from ..job_archive.rows import ArchiveRows, rows_of
from ..job_gpus.job_devices import JobDevices
from ..jobs.ledger import JobLedger, LedgerBatch
from ..jobs.runs import JobRun
from ..model.errors import ArchiveError

log = logging.getLogger("lmaster.jobs")

NOT_WRITTEN = "jobs: %s"
WRITTEN_AGAIN = "jobs: the archive is written again"
REPLACED = (
    "jobs: the archive, %s, was removed or replaced while it was in use: what is in memory is "
    "written to the one that is there now; stop lmaster before you do that"
)
NOT_STORABLE = "jobs: internal error: job %s cannot be written"

# An archive that could not be written is left alone for so long: else all who ask wait for the same
# lock, one after the other.
RETRY_S = 1.0
_EXPIRE_S = 600.0
_DAY_S = 86_400.0


class JobWriter:
    """Opens, writes and closes the archive; in one thread. What fails is logged when it changes."""

    def __init__(
        self,
        archive: JobArchive,
        settings: JobsSettings,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settled = SettledClock(clock, monotonic)
        self.archive = archive
        self.is_open = False
        self._settings = settings
        self._clock = clock
        self._written_s = self._failed_s = self._expired_s = 0.0
        self._error = ""

    @property
    def is_writable(self) -> bool:
        """Whether the archive is open, and could be written the last time."""
        return self.is_open and not self._error

    def open(self) -> bool:
        """Open the archive; return whether that was possible.

        Raises: ServiceError if another lmaster uses it.
        """
        try:
            self.archive.open()
        except ArchiveError as error:
            self.log_error(str(error))
            return False
        self.is_open = True
        self.write_soon()
        self.log_error("")
        return True

    def write_soon(self) -> None:
        """Let the next write() write, however lately the last one did."""
        self._written_s = 0.0

    def write(
        self,
        ledger: JobLedger,
        devices: JobDevices,
        page_errors: Mapping[str, str],
        known_until_s: float | None,
        not_within_s: float = 0.0,
    ) -> None:
        """Write what has changed in a ledger, unless that was done in the last *not_within_s*.

        *devices* know the GPUs of its runs. *page_errors* are why pages of nodes cannot be read
        now. *known_until_s* is until when all jobs of its cluster
        are known.
        """
        now_s = self._clock()
        if 0 <= now_s - self._written_s < not_within_s or 0 <= now_s - self._failed_s < RETRY_S:
            return
        if not self.archive.is_in_place:
            self._open_again(ledger)
        while True:
            batch = ledger.batch(now_s)
            for run in batch.runs:
                devices.fill(run)
                run.page_error = _page_error(run, page_errors) or run.page_error
            rows = self._rows(batch, now_s)
            if batch.is_last and known_until_s is not None:
                rows = rows._replace(known=(ledger.cluster, known_until_s))
            try:
                self.archive.write(rows)
            except ArchiveError as error:
                ledger.not_written(batch)
                self.log_error(str(error))
                self._failed_s = self._clock()
                return
            except Exception:
                ledger.not_written(batch)
                raise
            ledger.written(batch, now_s)
            if not batch.runs:
                break
        self._written_s = now_s
        self.log_error("")

    def _open_again(self, ledger: JobLedger) -> None:
        log.error(REPLACED, self.archive.path)
        self.close()
        if self.open():
            ledger.write_again()

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

    def expire(self) -> None:
        """Delete some of the runs that are too old or too many; the next call goes on with it.

        By a clock that was set lately no run is too old: it may be wrong.
        """
        now_s, is_settled = self._clock(), self._settled.is_settled()
        if 0 <= now_s - self._expired_s < _EXPIRE_S:
            return
        before_s = now_s - self._settings.keep_days * _DAY_S if is_settled else 0.0
        try:
            if not self.archive.expire(before_s, self._settings.keep_bytes):
                self._expired_s = now_s
        except ArchiveError as error:
            self.log_error(str(error))

    def log_error(self, error: str) -> None:
        """Log why the archive cannot be used, when that changes; nothing is that it can again."""
        if error and error != self._error:
            log.error(NOT_WRITTEN, error)
        elif self._error and not error:
            log.info(WRITTEN_AGAIN)
        self._error = error

    def close(self) -> None:
        """Close the archive."""
        self.archive.close()
        self.is_open = False


def _page_error(run: JobRun, errors: Mapping[str, str]) -> str | None:
    """Return why a node that told nothing of a run cannot be read; None if there is none."""
    nodes = (node for node in run.nodes if node in errors and node not in run.parts)
    return next((f"{node}: {errors[node]}" for node in nodes), None)
