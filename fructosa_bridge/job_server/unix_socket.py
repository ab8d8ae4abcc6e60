"""The unix socket at which people ask for jobs: how it is made, and who asks."""

import errno
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
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


@contextmanager
def listener(path: Path) -> Iterator[socket.socket]:
    """Listen at *path*; what a dead process left there is replaced. Afterwards it is removed.

    Raises: ServiceError.
    """
    made = _listen(path)
    number = path.lstat().st_ino
    try:
        yield made
    finally:
        made.close()
        with suppress(OSError):
            if path.lstat().st_ino == number:  # else another process has it by now
                path.unlink()


def _listen(path: Path) -> socket.socket:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(path)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            made.bind(str(path))
            path.chmod(_MODE)
            made.listen()
        except BaseException:
            made.close()
            raise
    except OSError as error:
        # bind() says that of a long path without an errno.
        reason = error.strerror or (TOO_LONG if error.errno is None else str(error))
        message = CANNOT_LISTEN.format(path=visible_path(path), reason=reason)
        raise ServiceError(message) from error
    return made


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
