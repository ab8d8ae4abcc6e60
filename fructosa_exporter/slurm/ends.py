"""Watches the ends of processes by their pidfds. Source: pidfd_open(2), Linux 5.3."""

import errno
import os
from collections.abc import Callable
from typing import Protocol

from .tracked import Folder

# So many processes are watched; the ends of others are seen when the folders of their tasks go.
MOST_PIDFDS = 400

NO_PIDFD = (
    "ends of processes cannot be watched (pidfd_open: {reason}), so that last values of jobs are "
    "sure only with Slurm's PrologFlags=Contain"
)


class Poller(Protocol):
    """Waits for file descriptors, as select.epoll does."""

    def register(self, fd: int) -> None:
        """Also wait for *fd*."""

    def unregister(self, fd: int) -> None:
        """No longer wait for *fd*."""


class ProcessEnds:
    """The pidfds of the first processes of tasks; *poller* waits for them.

    *reason* says why not all can be watched.
    """

    def __init__(
        self, poller: Poller | None, open_pidfd: Callable[[int], int] = os.pidfd_open
    ) -> None:
        self.reason = ""
        self._poller, self._open = poller, open_pidfd
        self._folders: dict[int, Folder] = {}

    @property
    def can_watch(self) -> bool:
        """Whether the ends of processes can be watched at all."""
        return self._poller is not None

    def watch(self, folder: Folder, pid: int) -> bool:
        """Watch a process of the task in *folder*; return whether it has ended already."""
        if self._poller is None or len(self._folders) >= MOST_PIDFDS:
            return False
        try:
            folder.pidfd = self._open(pid)
        except ProcessLookupError:
            return True
        except OSError as error:
            self.reason = NO_PIDFD.format(reason=error.strerror)
            if error.errno not in (errno.EMFILE, errno.ENFILE):  # those may be free again later
                self._poller = None
            return False
        self._folders[folder.pidfd] = folder
        self._poller.register(folder.pidfd)
        return False

    def take(self, pidfd: int) -> Folder | None:
        """Return the folder of a process that has ended, and forget it; None if it is unknown."""
        folder = self._folders.get(pidfd)
        if folder is not None:
            self.forget(folder)
        return folder

    def forget(self, folder: Folder) -> None:
        """No longer watch the process of a folder, if there is one."""
        if self._folders.pop(folder.pidfd, None) is None:
            return
        if self._poller is not None:
            self._poller.unregister(folder.pidfd)
        os.close(folder.pidfd)
        folder.pidfd = -1

    def close(self) -> None:
        """Forget all processes."""
        for folder in list(self._folders.values()):
            self.forget(folder)
