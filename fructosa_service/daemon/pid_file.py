"""The pid file of a daemon: its pid, its name, and the URLs at which it serves.

The daemon locks the file while it runs, so only the lock shows whether it does: a file without a
lock is stale, whichever process has its pid now. The first line is the pid, the second one the name
of the program; the lines after it are the URLs, written when the daemon is ready. A file with
another content is not ours: it is neither changed, removed nor believed.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import ServiceError, visible_path
from ..untrusted.folders import opened
from . import file_lock

CAN_NOT_BE_WRITTEN = (
    "the pid file {path} cannot be written: {reason}; give another with -p PIDFILE, or set pid "
    "file in the configuration"
)
CAN_NOT_BE_READ = (
    "the pid file {path} cannot be read: {reason}; give another with -p PIDFILE, or check its "
    "permissions"
)
NOT_A_PID_FILE = (
    "{path} is not a pid file of {name} and is left alone; give another one with -p PIDFILE, or "
    "remove it"
)
OF_ANOTHER_USER = (
    "the pid file {path} belongs to another user and is left alone; run this command as that user, "
    "or give another with -p PIDFILE"
)

_LIMIT_BYTES = 4096
_LARGEST_PID = 2**22  # on Linux
_URL = re.compile(r"https?://[!-~]+")
# A path can be that of a pipe or a device by the time that it is opened.
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class DaemonState(Enum):
    """The state of a daemon according to its pid file."""

    RUNNING = "running"
    STARTING = "starting"
    DEAD = "dead"  # it exited without removing the file
    ABSENT = "absent"


@dataclass(frozen=True)
class PidFileStatus:
    """The state of a daemon, its pid, and the URLs at which it serves."""

    state: DaemonState
    pid: int | None = None
    urls: tuple[str, ...] = ()


def default_path(name: str, environment: Mapping[str, str], user_id: int) -> Path:
    """Return the pid file of the daemon *name* if none is configured."""
    if user_id == 0:
        return Path("/run/fructosa") / f"{name}.pid"
    folder = Path(environment.get("XDG_RUNTIME_DIR") or "")
    own = folder / "fructosa" if folder.is_absolute() else Path(f"/tmp/fructosa-{user_id}")  # noqa: S108 - its owner is checked
    return own / f"{name}.pid"


def parse(name: str, text: str) -> tuple[int, tuple[str, ...]] | None:
    """Return the pid and the URLs in the *text* of a pid file of *name*; None if it is not one."""
    first, *more = text.split("\n")
    pid = _pid(first)
    if pid is None or len(more) < 2 or more[0] != name or more[-1]:
        return None
    urls = tuple(more[1:-1])
    return (pid, urls) if all(map(_URL.fullmatch, urls)) else None


def _pid(word: str) -> int | None:
    """Return the pid of a daemon that *word* is, if it is one."""
    is_pid = word.isascii() and word.isdecimal() and len(word) < 8
    return int(word) if is_pid and 1 < int(word) <= _LARGEST_PID else None


class PidFile:
    """A pid file that this process has locked until it exits."""

    def __init__(self, name: str, path: Path, fd: int) -> None:
        self.name, self.path, self.fd = name, path, fd

    def write(self, urls: Sequence[str] = ()) -> None:
        """Write the pid of this process, and the URLs once it is ready."""
        text = "".join(f"{line}\n" for line in (os.getpid(), self.name, *urls)).encode()
        os.pwrite(self.fd, text, 0)

    def clear(self) -> None:
        """Empty and remove the file; only empty it if the daemon gave up root."""
        with suppress(OSError):
            os.ftruncate(self.fd, 0)
            with opened(self.path.parent) as folder:
                if _is_at(self.fd, self.path.name, folder):
                    os.unlink(self.path.name, dir_fd=folder)

    def close(self) -> None:
        """Close it in this process; a forked process keeps it open and locked."""
        os.close(self.fd)


def acquire(name: str, path: Path, may_make_folder: bool = True) -> PidFile | None:
    """Create and lock the pid file of the daemon *name*; return None if another process has it.

    Raises: ServiceError if it can't be created, is not ours, or is in a directory of another user.
    """
    try:
        with _folder(path.parent, may_make_folder) as folder:
            while True:
                with _file(name, path, folder, os.O_RDWR | os.O_CREAT) as fd:
                    _check_is_ours(name, fd, path)
                    if not file_lock.acquire(fd):
                        return None
                    if _is_at(fd, path.name, folder):
                        os.ftruncate(fd, 0)
                        os.fchmod(fd, 0o644)  # other users can read the status
                        return PidFile(name, path, os.dup(fd))
                # It was removed since it was opened, by the stop of the previous daemon.
    except OSError as error:
        shown, reason = visible_path(path), error.strerror
        raise ServiceError(CAN_NOT_BE_WRITTEN.format(path=shown, reason=reason)) from error


def read_status(name: str, path: Path) -> PidFileStatus:
    """Return the status in the pid file of the daemon *name* at *path*.

    Raises: ServiceError if the file can't be read, or is not a pid file of that daemon.
    """
    try:
        with opened(path.parent) as folder, _file(name, path, folder) as fd:
            is_running = file_lock.is_held(fd)
            text = _text(fd)
            found = parse(name, text)
            if text and found is None:
                raise _not_a_pid_file(name, path)
            pid, urls = found or (None, ())
            if not is_running:
                return PidFileStatus(DaemonState.DEAD if text else DaemonState.ABSENT, pid)
            if pid is None or not file_lock.has_open(pid, os.fstat(fd)):
                return PidFileStatus(DaemonState.STARTING)
            return PidFileStatus(DaemonState.RUNNING if urls else DaemonState.STARTING, pid, urls)
    except (FileNotFoundError, NotADirectoryError):
        return PidFileStatus(DaemonState.ABSENT)
    except OSError as error:
        shown, reason = visible_path(path), error.strerror
        raise ServiceError(CAN_NOT_BE_READ.format(path=shown, reason=reason)) from error


def check_is_ours(name: str, path: Path) -> None:
    """Raise ServiceError if there is a file at *path* that a command must not act upon."""
    with suppress(OSError), opened(path.parent) as folder, _file(name, path, folder) as fd:
        _check_is_ours(name, fd, path)


def user_of(path: Path) -> int | None:
    """Return the pid in a file at *path* if that process has it open, None otherwise."""
    with suppress(OSError, ServiceError), opened(path.parent) as folder:
        with _file("", path, folder) as fd:
            pid, file = _pid(_text(fd).partition("\n")[0]), os.fstat(fd)
        if pid is not None and file_lock.has_open(pid, file):
            return pid
    return None


def remove(name: str, path: Path) -> None:
    """Remove a pid file of *name* that is not locked; ignore it if that is not permitted."""
    with (
        suppress(OSError),
        opened(path.parent) as folder,
        _file(name, path, folder, os.O_RDWR) as fd,
    ):
        _check_is_ours(name, fd, path)
        # Whoever can read the file can lock it for reading, which is no daemon.
        is_free = file_lock.acquire(fd) or not file_lock.is_held(fd)
        if is_free and _is_at(fd, path.name, folder):
            os.unlink(path.name, dir_fd=folder)


@contextmanager
def _file(name: str, path: Path, folder: int, flags: int = os.O_RDONLY) -> Iterator[int]:
    """Open the file at *path*, which is in *folder*."""
    _check_is_file(name, path, folder)
    fd = os.open(path.name, flags | _FLAGS, 0o644, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise _not_a_pid_file(name, path)
        yield fd
    finally:
        os.close(fd)


def _check_is_file(name: str, path: Path, folder: int) -> None:
    """Raise ServiceError if it is no file: a pipe or a device may not even be opened."""
    try:
        status = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise _not_a_pid_file(name, path)


def _check_is_ours(name: str, fd: int, path: Path) -> None:
    """Raise ServiceError if the file has another content than a pid file, or another owner."""
    text = _text(fd)
    if text and parse(name, text) is None:
        raise _not_a_pid_file(name, path)
    if os.fstat(fd).st_uid not in (0, os.geteuid()):
        raise ServiceError(OF_ANOTHER_USER.format(path=visible_path(path)))


def _not_a_pid_file(name: str, path: Path) -> ServiceError:
    return ServiceError(NOT_A_PID_FILE.format(name=name, path=visible_path(path)))


def _text(fd: int) -> str:
    return os.pread(fd, _LIMIT_BYTES + 1, 0).decode("ascii", "replace")


def _is_at(fd: int, name: str, folder: int) -> bool:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(fd), found)


@contextmanager
def _folder(path: Path, may_make: bool) -> Iterator[int]:
    """Open the directory; one below /tmp must not have been created by another user."""
    is_shared = path.parent == Path("/tmp")  # noqa: S108
    mode = 0o700 if is_shared else 0o755
    with opened(path, mode if may_make else None) as folder:
        if is_shared and os.fstat(folder).st_uid != os.geteuid():
            raise ServiceError(
                f"the directory {path} belongs to another user; give another pid file with "
                "-p PIDFILE, or set XDG_RUNTIME_DIR"
            )
        yield folder
