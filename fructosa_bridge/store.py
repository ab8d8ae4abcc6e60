"""The embedded store: Whisper files in a folder, the format that Graphite reads."""

import asyncio
import logging
import struct
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import whisper

from .errors import DeliveryError
from .model import Batch
from .retentions import aggregation, archives

log = logging.getLogger(__name__)

# What whisper raises for a file whose header or slots are not whole.
_DAMAGED = (whisper.CorruptWhisperFile, struct.error)

Series = list[tuple[int, float]]
"""Times in seconds since 1970, and values."""


class WhisperStore:
    """Keeps points in files below *folder*: the parts of a path are its folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"Whisper files in {folder}"

    async def send(self, batches: list[Batch]) -> None:
        """Write *batches*.

        Raises: DeliveryError; then all of them must be sent again.
        """
        try:
            await asyncio.to_thread(self.write, batches)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise DeliveryError(f"{self.name}: {error.strerror or error}{where}") from error

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    def write(self, batches: Iterable[Batch]) -> None:
        """Write *batches*, each file once; a file is made when its series first comes."""
        by_path: dict[str, Series] = defaultdict(list)
        intervals: dict[str, int] = {}
        for batch in batches:
            for path, value in batch.points:
                by_path[path].append((batch.time_s, value))
                intervals[path] = batch.interval_s
        for path, points in by_path.items():
            self._update(path, points, intervals[path])

    def _update(self, path: str, points: Series, interval_s: int) -> None:
        file = self._file(path)
        try:
            whisper.update_many(str(file), points)
        except FileNotFoundError:
            self._create(path, points, interval_s)
        except _DAMAGED as error:
            aside = file.with_suffix(".broken")
            file.rename(aside)
            log.error("%s is damaged and now called %s: %s", file, aside.name, error)
            self._create(path, points, interval_s)

    def _create(self, path: str, points: Series, interval_s: int) -> None:
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Sparse: a slot takes room on the disk when it is first written.
        whisper.create(str(file), archives(interval_s), 0, aggregation(path), sparse=True)
        whisper.update_many(str(file), points)

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
            found = whisper.fetch(str(self._file(path)), from_s, until_s)
        except (FileNotFoundError, *_DAMAGED):
            return []
        if found is None:
            return []
        (start_s, _, step_s), values = found
        return [
            (start_s + index * step_s, value)
            for index, value in enumerate(values)
            if value is not None
        ]

    def _folder(self, path: str) -> Path:
        return self.folder.joinpath(*path.split("."))

    def _file(self, path: str) -> Path:
        return self._folder(path).with_name(f"{path.rpartition('.')[2]}.wsp")
