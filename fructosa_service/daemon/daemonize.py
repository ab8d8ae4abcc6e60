"""Forks a process into the background, as daemon(7) asks.

It gets a session of its own without a terminal, the directory /, default signals and umask, and
none of the files that its parent had open.
"""

import os
import signal
import sys
from collections.abc import Collection

# Files are readable by all, as Graphite reads Whisper files; secrets have modes of their own.
_UMASK = 0o022
# Python turns the first two into errors of the call that caused them; the others can't be set.
_KEPT_SIGNALS = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP}


def fork(keep_open: Collection[int]) -> bool:
    """Fork a daemon; return True in the daemon, False in the calling process.

    Of the open files, the daemon has those in *keep_open*. It writes messages to the terminal
    until ``leave_terminal``. There must be no other threads: a fork does not copy them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return False
    try:
        os.setsid()
        if os.fork():  # a session leader could acquire a terminal; its child never does
            os._exit(0)
        _reset(keep_open)
    except BaseException:  # noqa: BLE001 - no code of the calling process may run here
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    return True


def leave_terminal() -> None:
    """Redirect standard input, output and error to /dev/null."""
    sys.stdout.flush()
    sys.stderr.flush()
    _to_null(0, 1, 2)


def _reset(keep_open: Collection[int]) -> None:
    _to_null(0)
    os.chdir("/")
    os.umask(_UMASK)
    for number in signal.valid_signals() - _KEPT_SIGNALS:
        if number < signal.SIGRTMIN:
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    low = 3
    for fd in [*sorted(keep_open), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(low, fd)
        low = fd + 1


def _to_null(*numbers: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(null, number)
    if null not in numbers:
        os.close(null)
