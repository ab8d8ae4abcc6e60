"""The embedded store: Whisper files in a folder, the format that Graphite reads."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import whisper

from .errors import DeliveryError
from .model import Batch
from .resize import Resizing, fits
from .retentions import Series, aggregation, archives
from .whisperfile import DAMAGED, Whole, checked, create, known, write

log = logging.getLogger(__name__)

# Whisper keeps times in 32 bits; zero is an empty slot.
_TIMES_S = range(1, 2**32)


class WhisperStore:
    """Keeps points in files below *folder*: the parts of a path are its folders.

    A file has slots of its series' interval. When a shorter one comes, it is made anew with its
    history; so it is when only a longer one has come for a while. Of two sections that bring the
    same series the shorter interval counts.
    """

    unsure = 0  # what is written is there

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.time,
        resizing: Resizing | None = None,
    ) -> None:
        self.folder = folder
        self.name = f"Whisper files in {folder}"
        self._clock = clock
        self._resizing = resizing or Resizing()
        self._has_refused = False
        self._writing: asyncio.Future[None] | None = None

    async def send(self, batches: list[Batch]) -> None:
        """Write *batches*.

        Raises: DeliveryError; then all of them must be sent again.
        """
        self._writing = asyncio.ensure_future(asyncio.to_thread(self.write, batches))
        try:
            await asyncio.shield(self._writing)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise DeliveryError(f"{self.name}: {error.strerror or error}{where}") from error

    async def close(self) -> None:
        """Wait for what is being written: a thread goes on when nobody waits for it any more."""
        writing, self._writing = self._writing, None
        if writing is not None:
            with suppress(OSError):
                await writing

    def write(self, batches: Iterable[Batch]) -> None:
        """Write *batches*, each file once; a file is made when its series first comes."""
        by_path: dict[str, Series] = defaultdict(list)
        shortest: dict[str, Batch] = {}
        for batch in filter(self._has_time, batches):
            time_s, interval_s = batch.time_s, batch.interval_s
            for path, value in batch.points:
                by_path[path].append((time_s, value))
                if shortest.setdefault(path, batch).interval_s > interval_s:
                    shortest[path] = batch
        now_s = int(self._clock())
        self._resizing.begin()
        for path, points in by_path.items():
            self._update(path, points, shortest[path], now_s)

    def _has_time(self, batch: Batch) -> bool:
        """Tell whether a batch has a time that Whisper can keep; say so once if not."""
        if batch.time_s in _TIMES_S:
            return True
        if not self._has_refused:
            self._has_refused = True
            log.error(
                "points of the time %d s are dropped: Whisper files know 1970 to 2106; "
                "set this machine's clock",
                batch.time_s,
            )
        return False

    def _update(self, path: str, points: Series, batch: Batch, now_s: int) -> None:
        name, interval_s = self._file(path), batch.interval_s
        try:
            is_written = self._write_fitting(name, points, interval_s, now_s)
            if not is_written:
                self._resizing.resize(Path(name), interval_s, now_s)
                _write(name, points, now_s)
        except FileNotFoundError:
            self._create(path, points, batch, now_s)
        except DAMAGED as error:
            file = Path(name)
            aside = file.with_suffix(".broken")
            file.rename(aside)
            log.error("%s is damaged and now called %s: %s", file, aside.name, error)
            self._create(path, points, batch, now_s)

    def _write_fitting(self, name: str, points: Series, interval_s: int, now_s: int) -> bool:
        """Write *points*, if the file has slots that fit; else return False."""
        with Whole(name, "r+") as handle:
            archive = checked(handle)
            is_fitting = interval_s == archive[0] or fits(
                handle, archive, interval_s, points[-1][0]
            )
            if is_fitting:
                write(handle, points, now_s)
        return is_fitting

    def _create(self, path: str, points: Series, batch: Batch, now_s: int) -> None:
        file = Path(self._file(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        method = aggregation(path.removeprefix(batch.points.before))
        create(file, archives(batch.interval_s), method)
        _write(str(file), points, now_s)

    def find(self, pattern: str) -> list[str]:
        """Return the series that match *pattern*: ``*`` is any part, ``**`` any number of them."""
        parts = pattern.split(".")
        files = self.folder.glob("/".join([*parts[:-1], f"{parts[-1]}.wsp"]))
        found = (file.relative_to(self.folder).with_suffix("") for file in files)
        return sorted(".".join(path.parts) for path in found)

    def fetch(self, path: str, from_s: int, until_s: int) -> Series:
        """Return the points of a series in a stretch of time, without the empty slots.

        A file that is damaged has none, nor has one that is being made just now.
        """
        try:
            with Whole(self._file(path), "r") as handle:
                checked(handle)
                return known(whisper.file_fetch(handle, from_s, until_s))
        except (FileNotFoundError, *DAMAGED):
            return []

    def _file(self, path: str) -> str:
        """Return the name of a series' file; without a dot in it, nothing leaves the folder."""
        # A string: to work it out as a Path costs a third of what writing the point does.
        return f"{self.folder}/{path.replace('.', '/')}.wsp"


def _write(name: str, points: Series, now_s: int) -> None:
    with Whole(name, "r+") as handle:
        write(handle, points, now_s)
