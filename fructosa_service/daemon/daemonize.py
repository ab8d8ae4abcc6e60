"""A process that is nobody's child: in the background, apart from who started it.

As daemon(7) asks: of its own session and without a terminal, in the folder /, with signals and
umask as they are by default, and without files that whoever started it had open.
"""

import os
import signal
import sys
from collections.abc import Collection

# What is made may be read by all, as Graphite's pages read Whisper files; secrets have own modes.
_UMASK = 0o022
# Python turns these two into errors of the call that caused them, which is better than to die.
_KEPT_SIGNALS = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}


def fork(kept: Collection[int]) -> bool:
    """Go on twice: return True in the new daemon, False in the process that was there.

    Of its open files the daemon has those that are *kept*, and the terminal's for its messages,
    until ``leave_terminal``. There must be no other threads yet: they would not come along.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    try:
        os.setsid()
        if os.fork():  # who leads a session might get a terminal; its child never does
            os._exit(0)
        _begin_anew(kept)
    except BaseException:  # noqa: BLE001 - nothing may go on as if it were the first process
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    return True


def leave_terminal() -> None:
    """Say nothing more to who started this process: it goes its own way."""
    sys.stdout.flush()
    sys.stderr.flush()
    _to_null(0, 1, 2)


def _begin_anew(kept: Collection[int]) -> None:
    _to_null(0)
    os.chdir("/")
    os.umask(_UMASK)
    for number in signal.valid_signals() - _KEPT_SIGNALS:
        if number < signal.SIGRTMIN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    low = 3
    for fd in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(low, fd)
        low = fd + 1


def _to_null(*numbers: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(null, number)
    if null not in numbers:
        os.close(null)
