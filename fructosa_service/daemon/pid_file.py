"""The pid file of a daemon: who runs, and where it serves.

The daemon holds a lock on the file for its life. So the lock alone tells whether it lives: a file
that nobody has locked is stale, whatever runs under its number today. The first line is the pid;
the lines behind it say where the daemon serves, and are written when it is ready.
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

_MOST_BYTES = 4096
_MOST_PID = 2**22  # as Linux has it


class DaemonState(Enum):
    """How a daemon is, as its pid file tells."""

    RUNNING = "running"
    STARTING = "starting"
    DEAD = "dead"  # it ended without clearing the file
    ABSENT = "absent"


@dataclass(frozen=True)
class PidFileStatus:
    """What a pid file tells."""

    state: DaemonState
    pid: int | None = None
    urls: tuple[str, ...] = ()


def default_path(name: str, environment: Mapping[str, str], user_id: int) -> Path:
    """Return where the daemon called *name* has its pid file, if it is told no other place."""
    if user_id == 0:
        return Path("/run/fructosa") / f"{name}.pid"
    folder = Path(environment.get("XDG_RUNTIME_DIR") or "")
    own = folder / "fructosa" if folder.is_absolute() else Path(f"/tmp/fructosa-{user_id}")  # noqa: S108 - its owner is checked
    return own / f"{name}.pid"


def parse(text: str) -> tuple[int | None, tuple[str, ...]]:
    """Return the pid and the places in a file's *text*; None for what is no pid of a daemon."""
    first, *urls = text.split("\n")
    is_pid = (
        first.isascii() and first.isdecimal() and len(first) < 8 and 1 < int(first) <= _MOST_PID
    )
    return (int(first), tuple(url for url in urls if url)) if is_pid else (None, ())


class PidFile:
    """A pid file that this process has locked, and keeps so until it ends."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path, self.fd = path, fd

    def write(self, urls: Sequence[str] = ()) -> None:
        """Write this process into it, and where it serves once it is ready."""
        text = "".join(f"{line}\n" for line in (os.getpid(), *urls)).encode()
        os.pwrite(self.fd, text, 0)

    def clear(self) -> None:
        """Tell that the daemon ended in order. Who gave up root can't remove the file."""
        with suppress(OSError):
            os.ftruncate(self.fd, 0)
            self.path.unlink()

    def close(self) -> None:
        """Leave it to the process that was forked off, which has it too."""
        os.close(self.fd)


def take(path: Path) -> PidFile | None:
    """Lock the pid file at *path*, made if it is not there; None where another holds it.

    Raises: ServiceError when it can't be made, or is in somebody else's folder.
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
                os.fchmod(fd, 0o644)  # so that others may ask for its status
                return PidFile(path, fd)
            os.close(fd)  # removed between the two: by who stopped the daemon before
    except OSError as error:
        raise ServiceError(
            f"the pid file {path} can't be written: {error.strerror}; give another with "
            "-p PIDFILE, or set pid file in the configuration"
        ) from error


def _check_is_ours(fd: int, path: Path) -> None:
    """Raise ServiceError when the file holds more than a pid file does: it is not to be lost."""
    text = os.pread(fd, _MOST_BYTES, 0).decode("ascii", "replace")
    if text and parse(text)[0] is None:
        raise ServiceError(
            f"{path} holds something else than a pid, and is kept; give another file with "
            "-p PIDFILE, or remove that one"
        )


def look(path: Path) -> PidFileStatus:
    """Return what the pid file at *path* tells.

    Raises: PermissionError and other OSErrors when that can't be seen.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        return PidFileStatus(DaemonState.ABSENT)
    try:
        is_free = _lock(fd, fcntl.LOCK_SH)
        text = os.pread(fd, _MOST_BYTES, 0).decode("ascii", "replace")
        pid, urls = parse(text)
        if is_free:
            return PidFileStatus(DaemonState.DEAD if text else DaemonState.ABSENT, pid)
        if pid is None or not _has_open(pid, os.fstat(fd)):
            return PidFileStatus(DaemonState.STARTING)
        return PidFileStatus(DaemonState.RUNNING if urls else DaemonState.STARTING, pid, urls)
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Remove a pid file that nobody has locked; if that is not allowed, it stays."""
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
    """Tell whether a process has the *file* open; one that we may not look at is believed.

    What a file says is only a claim: nobody else shall be signalled for it.
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
    """Make the folder; in one of our own below /tmp nobody else may have been first."""
    is_shared = folder.parent == Path("/tmp")  # noqa: S108
    folder.mkdir(mode=0o700 if is_shared else 0o755, parents=True, exist_ok=True)
    found = folder.lstat()
    if is_shared and (not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid()):
        raise ServiceError(
            f"the folder {folder} belongs to somebody else; give another pid file with "
            "-p PIDFILE, or set XDG_RUNTIME_DIR"
        )
