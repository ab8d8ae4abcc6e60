"""The end of a daemon: asked for, awaited, and in the end made."""

import os
import select
import signal
from collections.abc import Callable

from ..errors import ServiceError

# Who is killed is gone at once, unless the kernel holds it: in a dead file server's call.
_KILL_S = 5.0


def end(pid: int, patience_s: float, is_it: Callable[[], bool]) -> str:
    """End the process *pid* with SIGTERM, after *patience_s* seconds with SIGKILL; tell how.

    It is held by a descriptor, so that another one which gets its number later is never hit;
    *is_it* tells whether the number is still that of the one meant.

    Raises: ServiceError when it can't be signalled, or does not end.
    """
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return "had ended already"
    try:
        if not is_it():
            return "had ended already"
        return _end(process, pid, patience_s)
    except ProcessLookupError:
        return "had ended already"
    except PermissionError:
        raise ServiceError(
            f"pid {pid} is another user's, and can't be stopped by this one; ask root to do it"
        ) from None
    finally:
        os.close(process)


def _end(process: int, pid: int, patience_s: float) -> str:
    signal.pidfd_send_signal(process, signal.SIGTERM)
    if _ends(process, patience_s):
        return "is stopped"
    signal.pidfd_send_signal(process, signal.SIGKILL)
    if _ends(process, _KILL_S):
        return f"did not end within {patience_s:g} s, and was killed"
    raise ServiceError(
        f"pid {pid} does not end, not even killed: the kernel holds it, most likely in a call to "
        "a file server or a device that hangs; look for it with ps -o stat,wchan"
    )


def _ends(process: int, within_s: float) -> bool:
    poll = select.poll()
    poll.register(process, select.POLLIN)
    return bool(poll.poll(within_s * 1000))
