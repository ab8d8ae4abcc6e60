"""Terminates a daemon: with SIGTERM, and with SIGKILL after a timeout."""

import os
import select
import signal
from collections.abc import Callable

from ..errors import ServiceError

HAD_EXITED = "had already exited"
STOPPED = "stopped"
KILLED = "did not exit within {timeout_s:g} s and was killed"

# A killed process is gone at once, unless the kernel holds it in a call to a dead file server.
_KILL_TIMEOUT_S = 5.0


def terminate(pid: int, timeout_s: float, is_same: Callable[[], bool]) -> str:
    """Terminate the process *pid*; return in words how it exited.

    SIGTERM is followed by SIGKILL after *timeout_s* seconds. A file descriptor holds the process,
    so that another one which gets its pid later is never signalled. *is_same* returns whether the
    pid is still that of the daemon.

    Raises: ServiceError if it can't be signalled, or does not exit.
    """
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return HAD_EXITED
    try:
        if not is_same():
            return HAD_EXITED
        return _terminate(process, pid, timeout_s)
    except ProcessLookupError:
        return HAD_EXITED
    except PermissionError:
        raise ServiceError(
            f"pid {pid} belongs to another user, and you are not allowed to stop it; stop it as "
            "that user or as root"
        ) from None
    finally:
        os.close(process)


def _terminate(process: int, pid: int, timeout_s: float) -> str:
    signal.pidfd_send_signal(process, signal.SIGTERM)
    if _exits(process, timeout_s):
        return STOPPED
    signal.pidfd_send_signal(process, signal.SIGKILL)
    if _exits(process, _KILL_TIMEOUT_S):
        return KILLED.format(timeout_s=timeout_s)
    raise ServiceError(
        f"pid {pid} was killed but does not exit: it probably hangs in a call to a file server or "
        "a device; see ps -o stat,wchan"
    )


def _exits(process: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(process, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))
