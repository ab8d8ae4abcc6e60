"""Resize Whisper files whose series have a new interval, and keep their points."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .retentions import Archive, Series, archives, downsampled, has_slowed, merged
from .whisper_file import WriteAllFile, archive_points, create, slot_end_s, write_points
from .whisper_library import whisper

log = logging.getLogger(__name__)

# A full file takes about 100 ms. Thousands of files are resized a few at a time, for so long per
# write, so that points are written in between. Until then, a file keeps its old slots.
_TIME_PER_WRITE_S = 0.5
# After an error, such as a full disk, wait before trying the next of thousands of files.
_RETRY_AFTER_S = 60.0
# Check so many intervals of recent points for a change of the interval.
_INTERVALS_BACK = 20


def slots_fit(handle: WriteAllFile, finest: Archive, interval_s: int, newest_s: int) -> bool:
    """Return whether a file's slots fit a series that now has a point with *interval_s*.

    A longer interval fits too, until the series arrives only at that one: see `has_slowed`.
    """
    step_s, slots = finest
    if interval_s <= step_s:
        return interval_s == step_s
    back_s = min(step_s * slots, _INTERVALS_BACK * interval_s)
    times = [time_s for time_s, _ in archive_points(handle, newest_s - back_s, newest_s, step_s)]
    return not has_slowed(times, finest, interval_s)


def resize(file: Path, interval_s: int, now_s: int) -> None:
    """Replace *file* by one with the archives of another interval and all its points.

    Raises: OSError if that can't be written; the file is then unchanged.
    """
    new = file.with_suffix(".new")
    try:
        with WriteAllFile(str(file), "r") as old:
            info = whisper.info(str(file))
            method = info["aggregationMethod"]
            aggregate = partial(whisper.aggregate, method)
            layout = _extended(archives(interval_s), info["maxRetention"])
            points = _all_points(old, info["archives"], now_s)
            points = downsampled(points, layout, slot_end_s(now_s, layout[0]), aggregate)
            create(new, list(layout), method, info["xFilesFactor"])
            new.chmod(os.fstat(old.fileno()).st_mode & 0o777)
        with WriteAllFile(str(new), "r+") as handle:
            write_points(handle, layout, points, now_s)
            os.fsync(handle.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _extended(layout: Sequence[Archive], retention_s: int) -> tuple[Archive, ...]:
    """Return archives that reach back at least *retention_s*, so that no old points are lost."""
    *finer, (step_s, slots) = layout
    return (*finer, (step_s, max(slots, -(-retention_s // step_s))))


def _all_points(handle: WriteAllFile, infos: Sequence[dict[str, Any]], now_s: int) -> Series:
    """Return all points of a file, at the finest resolution available.

    If the clock has been set back, the finest archive also has future points.
    """
    points: Series = []
    points_from_s = now_s
    for info in infos:
        step_s, from_s = info["secondsPerPoint"], now_s - info["retention"]
        coarse = archive_points(handle, from_s, now_s, step_s)
        points = merged(coarse, points, step_s, points_from_s)
        points_from_s = from_s
    step_s, ahead_s = infos[0]["secondsPerPoint"], infos[0]["retention"]
    return points + archive_points(handle, now_s, now_s + ahead_s, step_s)


class Resizer:
    """Resizes files for a limited time per write; logs its start once, and each new error once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until_s = self._not_before_s = clock()
        self._has_started = False
        self._error: str | None = None

    def start_write(self) -> None:
        """Start the time for the current write."""
        self._until_s = self._clock() + _TIME_PER_WRITE_S

    def resize(self, file: Path, interval_s: int, now_s: int) -> None:
        """Resize *file* if there is time left; on an error it stays unchanged."""
        if not self._not_before_s <= self._clock() < self._until_s:
            return
        if not self._has_started:
            self._has_started = True
            log.info("resizing %s and other files to new intervals, as their points arrive", file)
        try:
            resize(file, interval_s, now_s)
            self._error = None
        except OSError as error:
            self._failed(file, error.strerror or str(error))

    def _failed(self, file: Path, reason: str) -> None:
        self._not_before_s = self._clock() + _RETRY_AFTER_S
        if reason != self._error:
            log.error(
                "cannot resize %s to its new interval: %s; it keeps its old slots, and lmaster "
                "will try again; check the disk space and the permissions of the folder",
                file,
                reason,
            )
        self._error = reason
