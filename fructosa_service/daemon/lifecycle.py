"""start, stop and status of a daemon, with no more than its pid file to go by."""

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import cli
from ..errors import ConfigError, ServiceError, UsageError
from . import daemonize, pid_file, terminate
from .pid_file import DaemonState, PidFile, PidFileStatus

log = logging.getLogger(__name__)

# Exit codes of status, as the Linux Standard Base has them.
EXIT_DEAD, EXIT_NOT_RUNNING, EXIT_UNKNOWN = 1, 3, 4

# A lock without a pid in its file is that of a daemon which is about to write it.
_WRITTEN_WITHIN_S = 5.0
_PAUSE_S = 0.02

Ready = Callable[[Sequence[str]], None]
"""Told once, where the daemon serves, when it does."""


@dataclass(frozen=True)
class CommandResult:
    """What a command has to say, its exit code, and whether it has started a daemon."""

    text: str
    code: int = 0
    is_new: bool = False


def start(name: str, path: Path, run: Callable[[Ready], int]) -> CommandResult:
    """Have *run* called in the background; return when it has said that it is ready.

    If it does not become ready, it has told why on standard error.

    Raises: ServiceError when the pid file can't be had.
    """
    pid = pid_file.take(path)
    while pid is None:
        found = _settled(path)
        if found.state is DaemonState.RUNNING:
            return CommandResult(f"{name} is running already: {_about(found)}")
        time.sleep(_PAUSE_S)
        pid = pid_file.take(path)
    reading, writing = os.pipe()
    if daemonize.fork([pid.fd, writing]):
        _run(name, pid, writing, run)
    pid.close()
    os.close(writing)
    return _outcome(name, reading)


def _outcome(name: str, reading: int) -> CommandResult:
    """Return what the daemon says when it is ready; what comes before its end otherwise."""
    with open(reading, encoding="utf-8") as told:
        word, _, rest = told.read().rstrip("\n").partition(" ")
    if word == "ready":
        pid, *urls = rest.split()
        about = _about(PidFileStatus(DaemonState.RUNNING, int(pid), tuple(urls)))
        return CommandResult(f"{name} is started: {about}", is_new=True)
    if word == "failed":
        return CommandResult("", int(rest))
    return CommandResult(f"{name} was ended before it was ready", cli.EXIT_RUNNING)


def _run(name: str, pid: PidFile, writing: int, run: Callable[[Ready], int]) -> None:
    """Be the daemon, and end."""
    is_ready = False

    def ready(urls: Sequence[str]) -> None:
        nonlocal is_ready
        pid.write(urls)
        daemonize.leave_terminal()
        is_ready = True
        _tell(writing, " ".join(("ready", str(os.getpid()), *urls)))
        os.close(writing)

    def logged() -> int:
        try:
            return run(ready)
        except (ConfigError, UsageError, ServiceError) as error:
            if is_ready:  # nobody reads standard error any more
                log.error("%s", error)
            raise
        except Exception:
            log.exception("ended by a fault of its own")
            sys.excepthook(*sys.exc_info())
            return cli.EXIT_RUNNING

    code = cli.EXIT_RUNNING
    try:
        pid.write()
        code = cli.run(name, logged)
    finally:
        pid.clear()
        if not is_ready:
            _tell(writing, f"failed {code}")
        logging.shutdown()
        # Threads that hang in the kernel would keep an ordinary end waiting for ever.
        os._exit(code)


def _tell(writing: int, line: str) -> None:
    try:
        os.write(writing, f"{line}\n".encode())
    except BrokenPipeError:
        log.info("who started this went away before it was ready")


def stop(name: str, path: Path, patience_s: float) -> CommandResult:
    """End the daemon; return when it has ended.

    Raises: ServiceError when it can't be ended.
    """
    found = _settled(path)
    pid = found.pid
    if found.state is DaemonState.DEAD:
        pid_file.remove(path)
        return CommandResult(f"{name} is not running; the pid file that it left behind is removed")
    if found.state is DaemonState.ABSENT or pid is None:
        return CommandResult(f"{name} is not running")
    told = terminate.end(pid, patience_s, lambda: _lives(path, pid))
    pid_file.remove(path)
    return CommandResult(f"{name} {told}: pid {pid}")


def _lives(path: Path, pid: int) -> bool:
    found = pid_file.look(path)
    return found.pid == pid and found.state in (DaemonState.RUNNING, DaemonState.STARTING)


def status(name: str, path: Path) -> CommandResult:
    """Tell whether the daemon runs, with LSB's exit codes."""
    try:
        found = _settled(path)
    except (OSError, ServiceError) as error:
        return CommandResult(f"{name}: the status is unknown: {error}", EXIT_UNKNOWN)
    if found.state is DaemonState.RUNNING:
        return CommandResult(f"{name} is running: {_about(found, _since(path))}")
    if found.state is DaemonState.STARTING:
        return CommandResult(f"{name} is starting: pid {found.pid}")
    if found.state is DaemonState.DEAD:
        return CommandResult(f"{name} is dead, and has left its pid file {path} behind", EXIT_DEAD)
    return CommandResult(f"{name} is not running (pid file {path})", EXIT_NOT_RUNNING)


def _settled(path: Path) -> PidFileStatus:
    """Return what a pid file tells; wait for a daemon that is about to write into it.

    Raises: ServiceError when somebody has locked it who is no daemon.
    """
    until_s = time.monotonic() + _WRITTEN_WITHIN_S
    while (found := pid_file.look(path)).state is DaemonState.STARTING and found.pid is None:
        if time.monotonic() > until_s:
            raise ServiceError(
                f"the pid file {path} is locked, and not by the process that it names; find who "
                "has it open with fuser or lsof, or give another with -p PIDFILE"
            )
        time.sleep(_PAUSE_S)
    return found


def _since(path: Path) -> str:
    """Return when the daemon was ready: it has then written its pid file, for the last time."""
    return time.strftime("since %F %T", time.localtime(path.stat().st_mtime))


def _about(found: PidFileStatus, *more: str) -> str:
    urls = ", ".join(found.urls)
    return ", ".join([f"pid {found.pid}", *more, *([f"serves {urls}"] if urls else [])])
