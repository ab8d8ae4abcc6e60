"""Files that are read again when they change, without a restart."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from .errors import UsageError

log = logging.getLogger(__name__)

T = TypeVar("T")

# A look costs some microseconds a file; a second later is soon enough for a new certificate.
_PAUSE_S = 1.0

_Mark = tuple[tuple[int, int, int, int], ...]


class FileCache(Generic[T]):
    """What is made of some files, made anew when one of them changes.

    When that fails, what was made before goes on to be used, and the log says why: a broken
    file must not lock everybody out.

    Raises: UsageError of *make* when it fails the first time.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        make: Callable[[], T],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = paths
        self._make = make
        self._clock = clock
        self._looked_s = clock()
        self._mark = self._now()
        self._value = make()

    def value(self) -> T:
        """Return what the files, as they are now, make."""
        now_s = self._clock()
        if now_s >= self._looked_s + _PAUSE_S:
            self._looked_s = now_s
            mark = self._now()
            if mark != self._mark:
                self._mark = mark
                self._make_anew()
        return self._value

    def _make_anew(self) -> None:
        names = ", ".join(map(str, self._paths))
        try:
            self._value = self._make()
            log.info("read again: %s", names)
        except UsageError as error:
            log.error("%s; what was read before goes on to be used", error)

    def _now(self) -> _Mark:
        return tuple(map(_mark, self._paths))


def _mark(path: Path) -> tuple[int, int, int, int]:
    """Return what tells one state of a file from another; zeros where there is no file.

    Who made a file readable for the daemon has changed its ctime, and nothing else.
    """
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
