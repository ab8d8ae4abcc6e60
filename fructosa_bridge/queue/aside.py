"""Damaged files of the queue, set aside for people to look at: the latest, up to so many bytes."""

import logging
import os
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER = "damaged"
SET_ASIDE = "%s: set aside in %s, which keeps the latest damaged files"
CANNOT_SET_ASIDE = "cannot set aside %s: %s"


class Aside:
    """The folder with damaged files, below that of the queue."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder / FOLDER
        self.size_bytes = 0
        self._limit_bytes = limit_bytes

    def open(self) -> None:
        """Find what an earlier run has set aside."""
        self.limit(self._limit_bytes)

    def take(self, path: Path) -> None:
        """Set a file aside; one for which the folder is too small is removed."""
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            path.rename(self._new_path(path.name))
        except OSError as error:
            log.error(CANNOT_SET_ASIDE, path, error.strerror)
            with suppress(OSError):
                path.unlink()
            return
        log.warning(SET_ASIDE, path, self.folder)
        self.limit(self._limit_bytes)

    def _new_path(self, name: str) -> Path:
        number, path = 0, self.folder / name
        while os.path.lexists(path):
            number += 1
            path = self.folder / f"{name}.{number}"
        return path

    def limit(self, most_bytes: int) -> None:
        """Remove the oldest files while they have more bytes than that."""
        try:
            found = [(path.lstat(), path) for path in self.folder.iterdir()]
        except OSError:
            found = []
        self.size_bytes = sum(about.st_size for about, _ in found)
        for about, path in sorted(found, key=lambda each: each[0].st_ctime_ns):
            if self.size_bytes <= most_bytes:
                break
            with suppress(OSError):
                path.unlink()
                self.size_bytes -= about.st_size
