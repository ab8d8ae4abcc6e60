"""The unix socket at which people ask for jobs: how it is made, and who asks."""

import errno
import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fructosa_service.errors import ServiceError, visible_path

IN_USE = "another lmaster listens there"
NOT_A_SOCKET = "there is another file of this name"
TOO_LONG = "the path is too long for a socket"
CANNOT_LISTEN = (
    "cannot listen at {path} for questions about jobs: {reason}; set another path as socket in "
    "[jobs], or make its directory writable for lmaster"
)
# Everybody may connect: the kernel says who it is.
_MODE = 0o666
_FOLDER_MODE = 0o755
_CREDENTIALS = struct.Struct("=iII")  # pid, uid, gid; the ids of some directories are above 2^31


@contextmanager
def listener(path: Path) -> Iterator[socket.socket]:
    """Listen at *path*; what a dead process left there is replaced. Afterwards it is removed.

    Raises: ServiceError.
    """
    with _alone(path):
        made, identity = _listen(path)
        try:
            yield made
        finally:
            with suppress(OSError):
                if _identity(path) == identity:  # else another process has it by now
                    path.unlink()
            made.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Lock a file beside the socket: two that start now would both replace a stale one.

    Only lmaster's user may open the file, so that nobody else can lock it. Raises: ServiceError.
    """
    name = path.with_name(f"{path.name}.lock")
    lock = None
    try:
        _make_folder(path.parent)
        while lock is None:
            lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_at(lock, name):  # the one that had it has removed it
                os.close(lock)
                lock = None
    except OSError as error:
        if lock is not None:
            os.close(lock)
        raise _failure(path, error) from error
    try:
        yield
    finally:
        with suppress(OSError):
            name.unlink()
        os.close(lock)


def _is_at(file: int, path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(file), found)


def _failure(path: Path, error: OSError) -> ServiceError:
    # bind() says that of a long path without an errno.
    reason = error.strerror or (TOO_LONG if error.errno is None else str(error))
    if isinstance(error, BlockingIOError):
        reason = IN_USE
    return ServiceError(CANNOT_LISTEN.format(path=visible_path(path), reason=reason))


def _identity(path: Path) -> tuple[int, ...]:
    """Return what tells a file from one that is made later, perhaps with the same inode."""
    found = path.lstat()
    return found.st_dev, found.st_ino, found.st_mtime_ns


def _listen(path: Path) -> tuple[socket.socket, tuple[int, ...]]:
    try:
        _remove_stale(path)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            made.bind(str(path))
            path.chmod(_MODE)
            made.listen()
            identity = _identity(path)
        except BaseException:
            made.close()
            raise
    except OSError as error:
        raise _failure(path, error) from error
    return made, identity


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it: everybody may enter them, whatever the umask is."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        one.chmod(_FOLDER_MODE)


def _remove_stale(path: Path) -> None:
    """Remove the socket of a process that no longer runs. Raises: OSError if it is another file."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise OSError(errno.EEXIST, NOT_A_SOCKET)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as client:
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:  # it listens, and many wait
            pass
    raise OSError(errno.EADDRINUSE, IN_USE)


def peer_uid(connection: socket.socket) -> int:
    """Return the user id of the process that connected, as the kernel noted it then."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(found)[1])
