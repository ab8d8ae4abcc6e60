"""The lock of a running daemon on its pid file.

It is a lock of the open file, which a fork keeps and which ends with the last process that has the
file open. Only who may write the file can hold it, so nobody who can merely read it can pass for
the daemon.
"""

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

# struct flock of fcntl(2): type, origin, start, length (0 for all), pid (0 for the open file).
_FORMAT = "hhqqi"


def acquire(fd: int) -> bool:
    """Lock a file that is open for writing; return whether it is locked now."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _lock(fcntl.F_WRLCK))
    except (BlockingIOError, PermissionError):  # either, as in POSIX
        return False
    return True


def is_held(fd: int) -> bool:
    """Return whether somebody else has locked the file; this does not lock it."""
    found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _lock(fcntl.F_RDLCK))
    return bool(struct.unpack(_FORMAT, found)[0] == fcntl.F_WRLCK)


def has_open(pid: int, file: os.stat_result) -> bool:
    """Return whether the process *pid* has the *file* open, or if that can't be seen.

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


def _lock(kind: int) -> bytes:
    return struct.pack(_FORMAT, kind, 0, 0, 0, 0)
