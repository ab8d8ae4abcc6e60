"""Series that cannot be written: whether that is their own fault, or that of the whole store.

A full disk may have room again: what waits for it stays in the queue. A series that alone cannot be
written would keep all others waiting: its points are dropped, counted, and the log says why.
"""

import logging
import os
import time
from collections.abc import Callable
from errno import EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC
from pathlib import Path

log = logging.getLogger(__name__)

NOT_WRITTEN = "%s cannot be written: %s%s; its points are dropped; %s"
AND_MORE = " (and %d more series)"
WHAT_TO_DO = "check this file, its folders and their permissions"
FREE_INODES = "the file system has no inodes left, so free some, or drop what is not needed"
# Of lmaster or the machine, not of a series: they pass.
_PASSING = (EMFILE, ENFILE, ENOMEM)
_FULL = (ENOSPC, EDQUOT)
# The same reason is logged once in so long: a node has its bad series at each scrape.
_LOGGED_S = 3600.0
_MOMENT_S = 60.0


class WriteFailures:
    """The failures of one write: the points of each reason, and the first error of it."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[OSError, str]] = {}
        self._series: dict[str, int] = {}
        self.points = 0
        self._of_store: OSError | None = None

    def add(self, file: str, error: OSError, points: int, *, is_new: bool) -> None:
        """Add the failure of a series; *is_new* if its *file* could not be created."""
        reason = reason_of(error)
        self._first.setdefault(reason, (error, file))
        self._series[reason] = self._series.get(reason, 0) + 1
        self.points += points
        if error.errno in _PASSING or (error.errno in _FULL and not is_new):
            self._of_store = self._of_store or error

    def of_store(self, folder: Path, *, is_any_written: bool) -> OSError | None:
        """Return the error of the whole store, None if each failure is one of a series alone.

        A new file that finds no room is one of these only if the file system lacks nothing but
        inodes; any other one only if others are written.
        """
        if self._of_store is None and self._first:
            errors = [error for error, _ in self._first.values()]
            full = [error for error in errors if error.errno == ENOSPC]
            if full and not _lacks_only_inodes(folder):
                return full[0]
            if not is_any_written and len(full) < len(errors):
                return errors[0]
        return self._of_store

    def reasons(self) -> dict[str, tuple[OSError, str, int]]:
        """Return for each reason the first error, its file, and how many series have it."""
        return {why: (*first, self._series[why]) for why, first in self._first.items()}


class FailureLog:
    """Logs the reasons why series alone cannot be written, each once in an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_s: dict[str, float] = {}
        self._added_s: dict[str, float] = {}

    def has_just(self, failures: WriteFailures) -> bool:
        """Return whether all of these reasons were those of series alone a moment ago.

        A node's bad series may be sent alone, without any other that is written.
        """
        since_s = self._clock() - _MOMENT_S
        return all(self._added_s.get(why, since_s) > since_s for why in failures.reasons())

    def add(self, failures: WriteFailures) -> None:
        """Log what is new."""
        now_s = self._clock()
        for why, (error, file, series) in failures.reasons().items():
            self._added_s[why] = now_s
            if now_s - self._logged_s.get(why, -_LOGGED_S) >= _LOGGED_S:
                self._logged_s[why] = now_s
                more = AND_MORE % (series - 1) if series > 1 else ""
                advice = FREE_INODES if error.errno in _FULL else WHAT_TO_DO
                log.error(NOT_WRITTEN, file, why, more, advice)


def reason_of(error: OSError) -> str:
    """Return why something failed, in the words of the system."""
    return error.strerror or str(error)


def _lacks_only_inodes(folder: Path) -> bool:
    """Return whether new files are all that the file system has no room for."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_bavail > 0 and found.f_files > 0 and found.f_favail == 0
