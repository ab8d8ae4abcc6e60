"""inotify, the kernel's messages about folders, through the C library. Source: inotify(7)."""

import errno
import os
import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

MODIFY = 0x2
CLOSE_WRITE = 0x8
CREATE = 0x100
DELETE = 0x200
OVERFLOW = 0x4000
IGNORED = 0x8000
IS_FOLDER = 0x40000000

_EVENT = struct.Struct("iIII")
_AT_ONCE = 64 * 1024

TOO_MANY_WATCHES = (
    "all inotify watches of its user are in use; raise sysctl fs.inotify.max_user_watches"
)
TOO_MANY_INSTANCES = (
    "all inotify instances of its user are in use; raise sysctl fs.inotify.max_user_instances"
)


class InotifyUnavailable(Exception):
    """inotify cannot be used, or no longer; the text says why, and what to do."""


class Event(NamedTuple):
    """Something happened to the entry *name* of the folder watched as *watch*."""

    watch: int
    mask: int
    name: str


class Inotify:
    """An inotify instance; *fd* is readable when there are events.

    Raises: InotifyUnavailable.
    """

    def __init__(self) -> None:
        try:
            self._libc = _libc()
            self.fd = int(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        except (ImportError, OSError, AttributeError) as error:
            raise InotifyUnavailable(f"the C library has no inotify: {error}") from error
        if self.fd < 0:
            raise InotifyUnavailable(_reason({errno.EMFILE: TOO_MANY_INSTANCES}))
        self._removed: list[int] = []

    def add(self, path: str, mask: int) -> int | None:
        """Watch *path*; return the number of the watch, None if there is no such path.

        The number is that of before if the same folder is watched already.

        Raises: InotifyUnavailable if there are too many watches.
        """
        number = int(self._libc.inotify_add_watch(self.fd, os.fsencode(path), mask))
        if number >= 0:
            return number
        if _errno() in (errno.ENOSPC, errno.ENOMEM):
            raise InotifyUnavailable(_reason({errno.ENOSPC: TOO_MANY_WATCHES}))
        return None

    def remove(self, watch: int) -> None:
        """Stop a watch when ``events`` is called next.

        The kernel keeps that of a cgroup that was removed until then, and it tells of each watch
        that was stopped, which is to wake nobody.
        """
        self._removed.append(watch)

    def events(self) -> Iterator[Event]:
        """Yield the events that have come."""
        while self._removed:
            self._libc.inotify_rm_watch(self.fd, self._removed.pop())
        try:
            data = os.read(self.fd, _AT_ONCE)
        except BlockingIOError:
            return
        at = 0
        while at < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size
            yield Event(
                watch, mask, data[at : at + length].rstrip(b"\0").decode("utf-8", "replace")
            )
            at += length

    def close(self) -> None:
        """Stop all watches."""
        os.close(self.fd)


@cache
def _libc() -> Any:
    import ctypes  # takes 1 MiB; only this sensor needs it

    return ctypes.CDLL(None, use_errno=True)


def _errno() -> int:
    import ctypes

    return ctypes.get_errno()


def _reason(texts: dict[int, str]) -> str:
    number = _errno()
    return texts.get(number, f"inotify fails: {os.strerror(number)}")
