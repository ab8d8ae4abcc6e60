"""Opens files as root without being led to others: by a link, a second name, or their owner."""

import errno
import os
import stat
from pathlib import Path

from .folders import MOST_LINKS, is_link, opened

OF_ANOTHER = "it belongs to another user"
SECOND_NAME = "it has a second name (a hard link)"

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY


def open_to_append(path: Path) -> int:
    """Return a descriptor of the file at *path*, which is created if it does not exist.

    Root neither follows links of other users nor writes to their files, except in their own folder.
    Raises: OSError if the file can't be opened, or if root would be led to another one.
    """
    if os.geteuid() != 0:
        return os.open(path, _FLAGS, 0o666)
    for _ in range(MOST_LINKS):
        if path.is_relative_to("/proc"):  # as /dev/stderr, which is no link like others
            break
        with opened(path.parent) as folder:
            if not is_link(path.name, folder):
                return _open(path.name, folder)
            path = path.parent / os.readlink(path.name, dir_fd=folder)
    return os.open(path, _FLAGS)


def _open(name: str, folder: int) -> int:
    # Without a reader, the pipe of another user would block for ever.
    fd = os.open(name, _FLAGS | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666, dir_fd=folder)
    try:
        _check(os.fstat(fd), os.fstat(folder).st_uid, name)
        os.set_blocking(fd, True)
    except OSError:
        os.close(fd)
        raise
    return fd


def _check(status: os.stat_result, owner_of_folder: int, name: str) -> None:
    is_file = stat.S_ISREG(status.st_mode)
    if is_file and status.st_nlink > 1:
        raise PermissionError(errno.EPERM, SECOND_NAME, name)
    if status.st_uid not in ((0, owner_of_folder) if is_file else (0,)):
        raise PermissionError(errno.EPERM, OF_ANOTHER, name)
