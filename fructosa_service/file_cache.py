"""Values made from files, which are made again when a file changes."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from .errors import FileError

log = logging.getLogger(__name__)

T = TypeVar("T")

RELOADED = "reloaded %s"

# A check takes some microseconds a file; within a second is soon enough for a new certificate.
_CHECK_INTERVAL_S = 1.0

_State = tuple[int, int, int, int]


class FileCache(Generic[T]):
    """A value made from some files, made again when one of them changes.

    If that fails, the previous value stays in use and the error is logged: a broken file must not
    lock everybody out.

    Raises: FileError of *make* if it fails the first time.
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
        self._checked_s = clock()
        self._states = self._read_states()
        self._value = make()

    def value(self) -> T:
        """Return the value, made again if a file has changed; checked at most once a second."""
        now_s = self._clock()
        if now_s >= self._checked_s + _CHECK_INTERVAL_S:
            self._checked_s = now_s
            states = self._read_states()
            if states != self._states:
                self._states = states
                self._reload()
        return self._value

    def _reload(self) -> None:
        try:
            self._value = self._make()
        except FileError as error:
            log.error("%s; the previous content stays in use", error)
        else:
            log.info(RELOADED, ", ".join(map(str, self._paths)))

    def _read_states(self) -> tuple[_State, ...]:
        return tuple(map(_state, self._paths))


def _state(path: Path) -> _State:
    """Return what differs if a file was changed; zeros if there is none.

    ctime is part of it: making a file readable changes nothing else.
    """
    try:
        status = path.stat()
    except OSError:
        return (0, 0, 0, 0)
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
