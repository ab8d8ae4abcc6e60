"""The embedded store: Whisper files in a folder, the format that Graphite reads."""

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import whisper

from ..model.errors import DeliveryError
from ..model.points import Batch
from .resize import Resizing, fits
from .retentions import Series, aggregation, archives
from .whisper_file import DAMAGED, Whole, checked, create, known, write

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
        self._writing: asyncio.Future[Counter[str]] | None = None

    async def send(self, batches: list[Batch]) -> Counter[str]:
        """Write *batches*; return how many of their points Whisper can't keep, by reason.

        Raises: DeliveryError; then all of them must be sent again.
        """
        self._writing = asyncio.ensure_future(asyncio.to_thread(self.write, batches))
        try:
            return await asyncio.shield(self._writing)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise DeliveryError(f"{self.name}: {error.strerror or error}{where}") from error

    async def close(self) -> None:
        """Wait for what is being written: a thread goes on when nobody waits for it any more."""
        writing, self._writing = self._writing, None
        if writing is not None:
            with suppress(OSError):
                await writing

    def write(self, batches: Iterable[Batch]) -> Counter[str]:
        """Write *batches*, each file once; a file is made when its series first comes.

        Returns: how many points have a time of which their file keeps none, by reason.
        """
        now_s, lost = int(self._clock()), Counter[str]()
        by_path: dict[str, Series] = defaultdict(list)
        shortest: dict[str, Batch] = {}
        for batch in batches:
            time_s, interval_s = batch.time_s, batch.interval_s
            if time_s not in _TIMES_S:
                lost[_reason(time_s, now_s)] += len(batch)
                continue
            for path, value in batch.points:
                by_path[path].append((time_s, value))
                if shortest.setdefault(path, batch).interval_s > interval_s:
                    shortest[path] = batch
        self._resizing.begin()
        for path, points in by_path.items():
            for time_s, _ in self._update(path, points, shortest[path], now_s):
                lost[_reason(time_s, now_s)] += 1
        return lost

    def _update(self, path: str, points: Series, batch: Batch, now_s: int) -> Series:
        """Write *points* of one series; return those that its file doesn't keep."""
        name, interval_s = self._file(path), batch.interval_s
        try:
            left = self._write_fitting(name, points, interval_s, now_s)
            if left is None:
                self._resizing.resize(Path(name), interval_s, now_s)
                left = _write(name, points, now_s)
        except FileNotFoundError:
            left = self._create(path, points, batch, now_s)
        except DAMAGED as error:
            file = Path(name)
            aside = file.with_suffix(".broken")
            file.rename(aside)
            log.error("%s is damaged and now called %s: %s", file, aside.name, error)
            left = self._create(path, points, batch, now_s)
        return left

    def _write_fitting(
        self, name: str, points: Series, interval_s: int, now_s: int
    ) -> Series | None:
        """Write *points*, if the file has slots that fit; else return None."""
        with Whole(name, "r+") as handle:
            found = checked(handle)
            finest = found[0]
            if interval_s == finest[0] or fits(handle, finest, interval_s, points[-1][0]):
                return write(handle, found, points, now_s)
        return None

    def _create(self, path: str, points: Series, batch: Batch, now_s: int) -> Series:
        file = Path(self._file(path))
        file.parent.mkdir(parents=True, exist_ok=True)
        method = aggregation(path.removeprefix(batch.points.before))
        create(file, archives(batch.interval_s), method)
        return _write(str(file), points, now_s)

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


def _write(name: str, points: Series, now_s: int) -> Series:
    with Whole(name, "r+") as handle:
        return write(handle, checked(handle), points, now_s)


def _reason(time_s: int, now_s: int) -> str:
    """Return why there is no slot for a point."""
    return "expired" if time_s <= now_s else "future"
