"""Opens folders as root without following the links of other users.

A path that is looked up twice may lead elsewhere the second time, if another user can change a
folder on it. What is opened relative to a descriptor stays in that folder.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LINK_OF_ANOTHER = "a symbolic link of another user is on its way"

MOST_LINKS = 40  # as in the kernel
# Debian's /usr/local belongs to its group staff (50). From 100 on, groups can have ordinary users.
_LAST_SYSTEM_GROUP = 99
_FLAGS = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened(folder: Path, make: int | None = None) -> Iterator[int]:
    """Return a descriptor of the *folder*, for the ``dir_fd`` of functions in ``os``.

    Those that are missing on its way are created with the mode *make*, if that is not None.
    Raises: OSError if it can't be opened, or if root would follow a link of another user.
    """
    current = os.open("/", _FLAGS)
    try:
        left = list(reversed(folder.parts[1:]))
        links = 0
        while left:
            found = _open(left[-1], current, make)
            status = os.fstat(found)
            part = left.pop()
            if stat.S_ISLNK(status.st_mode):
                links += 1
                target = _target(found, status, links, folder)
                left += reversed(target.parts[target.is_absolute() :])
                found = os.open("/", _FLAGS) if target.is_absolute() else os.dup(current)
            elif not stat.S_ISDIR(status.st_mode):
                os.close(found)
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), part)
            os.close(current)
            current = found
        yield current
    finally:
        os.close(current)


def _open(name: str, folder: int, make: int | None) -> int:
    try:
        return os.open(name, _FLAGS, dir_fd=folder)
    except FileNotFoundError:
        if make is None:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, make, dir_fd=folder)
    return os.open(name, _FLAGS, dir_fd=folder)


def _target(link: int, status: os.stat_result, links: int, folder: Path) -> Path:
    """Return where a *link* leads, and close it."""
    try:
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
        check_link(status, str(folder))
        return Path(os.readlink("", dir_fd=link))
    finally:
        os.close(link)


def followed(path: Path) -> Path:
    """Return the path of the file to which the links at *path* lead; there may be none.

    Raises: OSError if root would follow a link of another user.
    """
    for _ in range(MOST_LINKS):
        with opened(path.parent) as folder:
            if not is_link(path.name, folder):
                return path
            path = path.parent / os.readlink(path.name, dir_fd=folder)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def is_link(name: str, folder: int) -> bool:
    """Return whether *name* is a link in *folder*.

    Raises: PermissionError if this process is root, and it is that of another user.
    """
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISLNK(status.st_mode):
        return False
    check_link(status, name)
    return True


def check_link(status: os.stat_result, path: str) -> None:
    """Raise PermissionError if this process is root, and a link is that of another user."""
    if os.geteuid() == 0 != status.st_uid:
        raise PermissionError(errno.EPERM, LINK_OF_ANOTHER, path)


def is_roots_alone(path: Path) -> bool:
    """Return whether only root can change the file at *path*, or what its path leads to."""
    found = path.resolve()
    return all(map(_is_roots_alone, (found, *found.parents)))


def _is_roots_alone(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    by_others = stat.S_IWOTH | (stat.S_IWGRP if status.st_gid > _LAST_SYSTEM_GROUP else 0)
    is_writable = status.st_mode & by_others and not status.st_mode & stat.S_ISVTX
    return status.st_uid == 0 and not is_writable
