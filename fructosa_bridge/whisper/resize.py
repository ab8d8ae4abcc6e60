"""Whisper files whose series got another interval: made anew, with their history."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import whisper

from .retentions import Archive, Series, archives, finest_known, has_slowed, thinned
from .whisper_file import Whole, create, end_of_slot, occupied, write

log = logging.getLogger(__name__)

# A full file takes some 100 ms. Thousands of them are made anew little by little: for so long at
# each turn, so that points go on being written between; until its turn a file stays as it is.
_AT_A_TIME_S = 0.5
# A full disk is not tried again for each of thousands of files.
_REST_S = 60.0
# How many intervals back it is looked for a sign that a series comes at another one.
_INTERVALS_BACK = 20


def fits(handle: Whole, finest: Archive, interval_s: int, newest_s: int) -> bool:
    """Tell whether a file's slots are right for a series that now has a point of *interval_s*.

    A longer interval is right too, until the series comes at no other one: see `has_slowed`.
    """
    step_s, slots = finest
    if interval_s <= step_s:
        return interval_s == step_s
    back_s = min(step_s * slots, _INTERVALS_BACK * interval_s)
    times = [time_s for time_s, _ in occupied(handle, newest_s - back_s, newest_s, step_s)]
    return not has_slowed(times, finest, interval_s)


def resize(file: Path, interval_s: int, now_s: int) -> None:
    """Give *file* the archives of another interval, and all its points; the old one is replaced.

    Raises: OSError when that can't be written; then the file is as it was.
    """
    new = file.with_suffix(".new")
    try:
        with Whole(str(file), "r") as old:
            was = whisper.info(str(file))
            method = was["aggregationMethod"]
            aggregate = partial(whisper.aggregate, method)
            into = _reaching(archives(interval_s), was["maxRetention"])
            seen_s = end_of_slot(now_s, into[0])
            points = thinned(_history(old, was["archives"], now_s), into, seen_s, aggregate)
            create(new, list(into), method, was["xFilesFactor"])
            new.chmod(os.fstat(old.fileno()).st_mode & 0o777)
        with Whole(str(new), "r+") as handle:
            write(handle, into, points, now_s)
            os.fsync(handle.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _reaching(into: Sequence[Archive], back_s: int) -> tuple[Archive, ...]:
    """Return archives that reach as far back as the old ones, whose history would be lost else."""
    *finer, (step_s, slots) = into
    return (*finer, (step_s, max(slots, -(-back_s // step_s))))


def _history(handle: Whole, old: Sequence[dict[str, Any]], now_s: int) -> Series:
    """Return what a file knows, each stretch of time as finely as it is there.

    A clock that was set back has left points of times to come; they are in the finest archive.
    """
    known: Series = []
    known_from_s = now_s
    for archive in old:
        step_s, from_s = archive["secondsPerPoint"], now_s - archive["retention"]
        coarse = occupied(handle, from_s, now_s, step_s)
        known = finest_known(coarse, known, step_s, known_from_s)
        known_from_s = from_s
    step_s, reach_s = old[0]["secondsPerPoint"], old[0]["retention"]
    return known + occupied(handle, now_s, now_s + reach_s, step_s)


class Resizing:
    """Makes files anew for a part of the time; says once that it does, and once that it can't."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s = self._not_before_s = clock()
        self._has_begun = False
        self._error: str | None = None

    def begin(self) -> None:
        """Begin a turn."""
        self._until_s = self._clock() + _AT_A_TIME_S

    def resize(self, file: Path, interval_s: int, now_s: int) -> None:
        """Make *file* anew, unless the time for that is over; on failure it stays as it was."""
        if not self._not_before_s <= self._clock() < self._until_s:
            return
        if not self._has_begun:
            self._has_begun = True
            log.info("%s and others get slots of their new intervals, as points come", file)
        try:
            resize(file, interval_s, now_s)
            self._error = None
        except OSError as error:
            self._failed(file, error.strerror or str(error))

    def _failed(self, file: Path, reason: str) -> None:
        self._not_before_s = self._clock() + _REST_S
        if reason != self._error:
            log.error(
                "%s can't be made anew with slots of its new interval: %s; it keeps the old ones "
                "and is tried again; the folder needs room, and rights to write",
                file,
                reason,
            )
        self._error = reason
