"""The pid file of a daemon: its pid, and the URLs at which it serves.

The daemon locks the file while it runs, so only the lock shows whether it does: a file without a
lock is stale, whichever process has its pid now. The first line is the pid; the lines after it are
the URLs, written when the daemon is ready.
"""

import fcntl
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ..errors import ServiceError

CAN_NOT_BE_WRITTEN = (
    "the pid file {path} cannot be written: {reason}; give another with -p PIDFILE, or set pid "
    "file in the configuration"
)
NOT_A_PID_FILE = (
    "{path} is not a pid file and is not overwritten; give another one with -p PIDFILE, or "
    "remove it"
)

_LIMIT_BYTES = 4096
_LARGEST_PID = 2**22  # on Linux


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


def parse(text: str) -> tuple[int | None, tuple[str, ...]]:
    """Return the pid and the URLs in a file's *text*; None if it has no pid of a daemon."""
    first, *urls = text.split("\n")
    is_pid = (
        first.isascii() and first.isdecimal() and len(first) < 8 and 1 < int(first) <= _LARGEST_PID
    )
    return (int(first), tuple(url for url in urls if url)) if is_pid else (None, ())


class PidFile:
    """A pid file that this process has locked until it exits."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path, self.fd = path, fd

    def write(self, urls: Sequence[str] = ()) -> None:
        """Write the pid of this process, and the URLs once it is ready."""
        text = "".join(f"{line}\n" for line in (os.getpid(), *urls)).encode()
        os.pwrite(self.fd, text, 0)

    def clear(self) -> None:
        """Empty and remove the file; only empty it if the daemon gave up root."""
        with suppress(OSError):
            os.ftruncate(self.fd, 0)
            self.path.unlink()

    def close(self) -> None:
        """Close it in this process; a forked process keeps it open and locked."""
        os.close(self.fd)


def acquire(path: Path) -> PidFile | None:
    """Create and lock the pid file at *path*; return None if another process has locked it.

    Raises: ServiceError if it can't be created, or is in a directory of another user.
    """
    try:
        _make_folder(path.parent)
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            if not _lock(fd, fcntl.LOCK_EX):
                os.close(fd)
                return None
            if _is_at(fd, path):
                _check_is_ours(fd, path)
                os.ftruncate(fd, 0)
                os.fchmod(fd, 0o644)  # other users can read the status
                return PidFile(path, fd)
            os.close(fd)  # removed since open(), by the stop of the previous daemon
    except OSError as error:
        raise ServiceError(CAN_NOT_BE_WRITTEN.format(path=path, reason=error.strerror)) from error


def _check_is_ours(fd: int, path: Path) -> None:
    """Raise ServiceError if the file has another content than a pid file: it must not be lost."""
    text = os.pread(fd, _LIMIT_BYTES, 0).decode("ascii", "replace")
    if text and parse(text)[0] is None:
        raise ServiceError(NOT_A_PID_FILE.format(path=path))


def read_status(path: Path) -> PidFileStatus:
    """Return the status in the pid file at *path*.

    Raises: OSError if the file can't be read.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return PidFileStatus(DaemonState.ABSENT)
    try:
        is_free = _lock(fd, fcntl.LOCK_SH)
        text = os.pread(fd, _LIMIT_BYTES, 0).decode("ascii", "replace")
        pid, urls = parse(text)
        if is_free:
            return PidFileStatus(DaemonState.DEAD if text else DaemonState.ABSENT, pid)
        if pid is None or not _has_open(pid, os.fstat(fd)):
            return PidFileStatus(DaemonState.STARTING)
        return PidFileStatus(DaemonState.RUNNING if urls else DaemonState.STARTING, pid, urls)
    finally:
        os.close(fd)


def user_of(path: Path) -> int | None:
    """Return the pid in a file at *path* if that process has it open, None otherwise."""
    try:
        with path.open("rb") as file:
            pid, _ = parse(file.read(_LIMIT_BYTES).decode("ascii", "replace"))
        return pid if pid is not None and _has_open(pid, path.stat()) else None
    except OSError:
        return None


def remove(path: Path) -> None:
    """Remove a pid file that is not locked; ignore it if that is not permitted."""
    with suppress(OSError):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            if _lock(fd, fcntl.LOCK_EX) and _is_at(fd, path):
                path.unlink()
        finally:
            os.close(fd)


def _lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False


def _has_open(pid: int, file: os.stat_result) -> bool:
    """Return whether a process has the *file* open, or if that can't be seen.

    A pid in a file is only a claim: no other process may be signalled because of it.
    """
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if os.path.samestat(entry.stat(), file):
                    return True
    except PermissionError:
        return True
    except OSError:
        pass
    return False


def _make_folder(folder: Path) -> None:
    """Create the directory; one below /tmp must not have been created by another user."""
    is_shared = folder.parent == Path("/tmp")  # noqa: S108
    folder.mkdir(mode=0o700 if is_shared else 0o755, parents=True, exist_ok=True)
    status = folder.lstat()
    if is_shared and (not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid()):
        raise ServiceError(
            f"the directory {folder} belongs to another user; give another pid file with "
            "-p PIDFILE, or set XDG_RUNTIME_DIR"
        )
