"""The embedded store: a folder of Whisper files, which Graphite can read."""

import asyncio
import logging
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ..model.errors import DeliveryError
from ..model.points import Batch
from .resize import Resizer, slots_fit
from .retentions import Series, aggregation_method, archives
from .whisper_file import (
    DAMAGE_ERRORS,
    WriteAllFile,
    create,
    fetched_points,
    read_archives,
    write_points,
)
from .whisper_library import whisper
from .write_failures import FailureLog, WriteFailures, reason_of

log = logging.getLogger(__name__)

# Whisper stores times in 32 bits, and 0 marks an empty slot.
_TIMES_S = range(1, 2**32)


class WhisperStore:
    """Stores points in Whisper files below *folder*, with a folder for each part of a path.

    The slots of a file have the interval of its series. The file is resized when a point with a
    shorter interval arrives, or when only points with a longer one have arrived for a while. If two
    sections write the same series, the shorter interval counts.
    """

    unacknowledged = 0  # points that are written are stored

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.time,
        resizer: Resizer | None = None,
    ) -> None:
        self.folder = folder
        self.name = f"Whisper files in {folder}"
        self._clock = clock
        self._resizer = resizer or Resizer()
        self._failure_log = FailureLog()
        self._writing: asyncio.Future[Counter[str]] | None = None

    async def send(self, batches: list[Batch]) -> Counter[str]:
        """Write *batches*; return how many of their points were dropped, by reason.

        Raises: DeliveryError; all batches must then be sent again.
        """
        self._writing = asyncio.ensure_future(asyncio.to_thread(self.write, batches))
        try:
            return await asyncio.shield(self._writing)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise DeliveryError(f"{self.name}: {reason_of(error)}{where}") from error

    async def close(self) -> None:
        """Wait for the write in progress: its thread continues after send() is cancelled."""
        writing, self._writing = self._writing, None
        if writing is not None:
            with suppress(OSError):
                await writing

    def write(self, batches: Iterable[Batch]) -> Counter[str]:
        """Write *batches*, each file once; create the files of new series.

        Returns: how many points were dropped, by reason: Whisper can't store their time, or their
        series alone can't be written.
        Raises: OSError if the store can't be written; what else could be written has been.
        """
        now_s, dropped = int(self._clock()), Counter[str]()
        by_path: dict[str, Series] = defaultdict(list)
        shortest: dict[str, Batch] = {}
        for batch in batches:
            time_s, interval_s = batch.time_s, batch.interval_s
            if time_s not in _TIMES_S:
                dropped[_drop_reason(time_s, now_s)] += len(batch)
                continue
            for path, value in batch.points:
                by_path[path].append((time_s, value))
                if shortest.setdefault(path, batch).interval_s > interval_s:
                    shortest[path] = batch
        self._resizer.start_write()
        failures, is_any_written = WriteFailures(), False
        for path, points in by_path.items():
            try:
                rest = self._write_series(path, points, shortest[path], now_s)
            except OSError as error:
                name = self._filename(path)
                failures.add(name, error, len(points), is_new=not os.path.lexists(name))
                continue
            is_any_written = is_any_written or len(rest) < len(points)
            for time_s, _ in rest:
                dropped[_drop_reason(time_s, now_s)] += 1
        is_alive = is_any_written or self._failure_log.has_just(failures)
        of_store = failures.of_store(self.folder, is_any_written=is_alive)
        if of_store is not None:
            raise of_store
        if failures.points:
            dropped["unwritable"] += failures.points
            self._failure_log.add(failures)
        return dropped

    def _write_series(self, path: str, points: Series, batch: Batch, now_s: int) -> Series:
        """Write *points* of one series; return those that its file can't store.

        *batch* is that with the shortest interval.
        """
        name, interval_s = self._filename(path), batch.interval_s
        try:
            rest = _write_if_slots_fit(name, points, interval_s, now_s)
            if rest is None:
                self._resizer.resize(Path(name), interval_s, now_s)
                rest = _write(name, points, now_s)
        except FileNotFoundError:
            rest = self._create(path, points, batch, now_s)
        except DAMAGE_ERRORS as error:
            file = Path(name)
            backup = file.with_suffix(".broken")
            file.rename(backup)
            log.error("%s is damaged (%s); renamed it to %s", file, error, backup.name)
            rest = self._create(path, points, batch, now_s)
        return rest

    def _create(self, path: str, points: Series, batch: Batch, now_s: int) -> Series:
        file = Path(self._filename(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        method = aggregation_method(path.removeprefix(batch.points.before))
        create(file, archives(batch.interval_s), method)
        return _write(str(file), points, now_s)

    def find(self, pattern: str) -> list[str]:
        """Return the series that match *pattern*; ``*`` is one part, ``**`` any number of parts."""
        parts = pattern.split(".")
        files = self.folder.glob("/".join([*parts[:-1], f"{parts[-1]}.wsp"]))
        names = (file.relative_to(self.folder).with_suffix("") for file in files)
        return sorted(".".join(name.parts) for name in names)

    def fetch(self, path: str, from_s: int, until_s: int) -> Series:
        """Return the points of a series in a period of time, without empty slots.

        A missing or damaged file, one that cannot be read, or is just being created, has no points.
        """
        try:
            with WriteAllFile(self._filename(path), "r") as handle:
                read_archives(handle)
                return fetched_points(whisper.file_fetch(handle, from_s, until_s))
        except (OSError, *DAMAGE_ERRORS):
            return []

    def _filename(self, path: str) -> str:
        """Return the filename of a series. It has no dots of *path*, so it stays in the folder."""
        # A string, because a Path would cost a third of writing the point.
        return f"{self.folder}/{path.replace('.', '/')}.wsp"


def _write_if_slots_fit(name: str, points: Series, interval_s: int, now_s: int) -> Series | None:
    """Write *points* if the slots of the file fit their interval; else return None."""
    with WriteAllFile(name, "r+") as handle:
        layout = read_archives(handle)
        finest = layout[0]
        if interval_s == finest[0] or slots_fit(handle, finest, interval_s, points[-1][0]):
            return write_points(handle, layout, points, now_s)
    return None


def _write(name: str, points: Series, now_s: int) -> Series:
    with WriteAllFile(name, "r+") as handle:
        return write_points(handle, read_archives(handle), points, now_s)


def _drop_reason(time_s: int, now_s: int) -> str:
    """Return why a point has no slot."""
    return "expired" if time_s <= now_s else "future"
