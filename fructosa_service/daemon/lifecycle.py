"""Start, stop and status of a daemon, which only its pid file identifies."""

import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import cli
from ..errors import ConfigError, FileError, ServiceError, UsageError
from . import daemonize, pid_file
from .pid_file import DaemonState, PidFile, PidFileStatus
from .terminate import terminate

STARTED = "{name} started: {details}"
ALREADY_RUNNING = "{name} is already running: {details}"
IS_RUNNING = "{name} is running: {details}"
ENDED = "{name} {outcome}: pid {pid}"
DEAD = "{name} is dead, but left its pid file {path}"
STALE = "{name} is not running; its stale pid file was removed"
ALREADY_STOPPED = "{name} is not running"
NOT_RUNNING = "{name} is not running (pid file {path})"
RUNS_ELSEWHERE = "{name} is running: {details}; it was not started with the pid file {path}"
NOT_STOPPED = (
    "{name} is not stopped, because it was not started with the pid file {path}: {details}; end it "
    "where it was started, e.g. with Ctrl-C or systemctl, or give its pid file with -p PIDFILE"
)
PID = "pid {pid}"
PID_UNKNOWN = "pid not visible to this user"
SINCE = "since {time}"
SERVES = "serves {urls}"

log = logging.getLogger(__name__)

# Exit codes of status, as defined by the Linux Standard Base.
EXIT_DEAD, EXIT_NOT_RUNNING, EXIT_UNKNOWN = 1, 3, 4

# A daemon locks its pid file just before it writes its pid.
_WRITE_TIMEOUT_S = 5.0
_POLL_S = 0.02

Ready = Callable[[Sequence[str]], None]
"""Called once with the URLs at which the daemon serves, when it does."""


@dataclass(frozen=True)
class CommandResult:
    """The text that a command prints, its exit code, and whether it has started a daemon."""

    text: str
    code: int = 0
    has_started: bool = False


def start(
    name: str, path: Path, run: Callable[[Ready], int], may_make_folder: bool = True
) -> CommandResult:
    """Call *run* in the background; return when it has reported that it is ready.

    If it does not get ready, it has printed the reason on standard error.

    Raises: ServiceError if the pid file can't be written.
    """
    pid = pid_file.acquire(name, path, may_make_folder)
    while pid is None:
        current = _settled_status(name, path)
        if current.state is DaemonState.RUNNING:
            return CommandResult(ALREADY_RUNNING.format(name=name, details=details(current)))
        if current.state is not DaemonState.STARTING:  # somebody locks it for reading
            pid_file.remove(name, path)
        time.sleep(_POLL_S)
        pid = pid_file.acquire(name, path, may_make_folder)
    read_end, write_end = os.pipe()
    if daemonize.fork([pid.fd, write_end]):
        _run(name, pid, write_end, run)
    pid.close()
    os.close(write_end)
    return _start_result(name, read_end)


def _start_result(name: str, read_end: int) -> CommandResult:
    """Return what the daemon reports through the pipe: ``ready PID URL …`` or ``failed CODE``."""
    with open(read_end, encoding="utf-8") as pipe:
        word, _, rest = pipe.read().rstrip("\n").partition(" ")
    if word == "ready":
        pid, *urls = rest.split()
        running = PidFileStatus(DaemonState.RUNNING, int(pid), tuple(urls))
        text = STARTED.format(name=name, details=details(running))
        return CommandResult(text, has_started=True)
    if word == "failed":
        return CommandResult("", int(rest))
    return CommandResult(f"{name} was killed before it was ready", cli.EXIT_RUNNING)


def _run(name: str, pid: PidFile, write_end: int, run: Callable[[Ready], int]) -> None:
    """Run the daemon, and exit."""
    is_ready = False

    def ready(urls: Sequence[str]) -> None:
        nonlocal is_ready
        pid.write(urls)
        daemonize.leave_terminal()
        is_ready = True
        _report(write_end, " ".join(("ready", str(os.getpid()), *urls)))
        os.close(write_end)

    def logged() -> int:
        try:
            return run(ready)
        except (ConfigError, FileError, ServiceError, UsageError) as error:
            if is_ready:  # standard error is /dev/null then
                log.error("%s", error)
            raise
        except Exception:
            log.exception("exiting after an internal error")
            sys.excepthook(*sys.exc_info())
            return cli.EXIT_RUNNING

    code = cli.EXIT_RUNNING
    try:
        pid.write()
        code = cli.run(name, logged)
    finally:
        pid.clear()
        if not is_ready:
            _report(write_end, f"failed {code}")
        logging.shutdown()
        # An ordinary exit would wait forever for threads that hang in the kernel.
        os._exit(code)


def _report(write_end: int, line: str) -> None:
    try:
        os.write(write_end, f"{line}\n".encode())
    except BrokenPipeError:
        log.info("the start command exited before this daemon was ready")


Find = Callable[[], PidFileStatus | None]
"""Looks for a daemon that was started in another way than with the pid file."""


def stop(name: str, path: Path, timeout_s: float, find: Find = lambda: None) -> CommandResult:
    """Stop the daemon; return when it has exited.

    One that only *find* finds is not stopped: somebody else is in charge of it.

    Raises: ServiceError if it can't be stopped, or if the file is not its pid file.
    """
    pid_file.check_is_ours(name, path)
    current = _settled_status(name, path)
    pid = current.pid
    if current.state is DaemonState.DEAD:
        pid_file.remove(name, path)
    if current.state in (DaemonState.DEAD, DaemonState.ABSENT) or pid is None:
        if (other := find()) is not None:
            text = NOT_STOPPED.format(name=name, path=path, details=details(other))
            return CommandResult(text, cli.EXIT_RUNNING)
        is_stale = current.state is DaemonState.DEAD
        return CommandResult((STALE if is_stale else ALREADY_STOPPED).format(name=name))
    outcome = terminate(pid, timeout_s, lambda: _is_alive(name, path, pid))
    pid_file.remove(name, path)
    return CommandResult(ENDED.format(name=name, outcome=outcome, pid=pid))


def _is_alive(name: str, path: Path, pid: int) -> bool:
    current = pid_file.read_status(name, path)
    return current.pid == pid and current.state in (DaemonState.RUNNING, DaemonState.STARTING)


def status(name: str, path: Path, find: Find = lambda: None) -> CommandResult:
    """Report whether the daemon runs, with the exit codes of the Linux Standard Base."""
    try:
        current = _settled_status(name, path)
        other = find() if current.state in (DaemonState.DEAD, DaemonState.ABSENT) else None
    except ServiceError as error:
        return CommandResult(f"{name}: the status is unknown: {error}", EXIT_UNKNOWN)
    if other is not None:
        text = RUNS_ELSEWHERE.format(name=name, path=path, details=details(other))
        return CommandResult(text)
    if current.state is DaemonState.RUNNING:
        shown = details(current, _ready_since(path))
        return CommandResult(IS_RUNNING.format(name=name, details=shown))
    if current.state is DaemonState.STARTING:
        return CommandResult(f"{name} is starting: pid {current.pid}")
    if current.state is DaemonState.DEAD:
        return CommandResult(DEAD.format(name=name, path=path), EXIT_DEAD)
    return CommandResult(NOT_RUNNING.format(name=name, path=path), EXIT_NOT_RUNNING)


def _settled_status(name: str, path: Path) -> PidFileStatus:
    """Return the status in a pid file; wait for a daemon that is about to write its pid.

    Raises: ServiceError if a process that is not a daemon has locked the file.
    """
    until_s = time.monotonic() + _WRITE_TIMEOUT_S
    while True:
        current = pid_file.read_status(name, path)
        if current.state is not DaemonState.STARTING or current.pid is not None:
            return current
        if time.monotonic() > until_s:
            raise ServiceError(
                f"the pid file {path} is locked, but not by the process that it names; find out "
                "which one has it open with fuser or lsof, or give another with -p PIDFILE"
            )
        time.sleep(_POLL_S)


def _ready_since(path: Path) -> str:
    """Return when the daemon became ready: it wrote its pid file last at that time."""
    return time.strftime("%F %T", time.localtime(path.stat().st_mtime))


def details(current: PidFileStatus, since: str | None = None) -> str:
    """Return the pid of a daemon, since when it has been ready, and its URLs, as text."""
    parts = [PID_UNKNOWN if current.pid is None else PID.format(pid=current.pid)]
    if since is not None:
        parts.append(SINCE.format(time=since))
    if current.urls:
        parts.append(SERVES.format(urls=", ".join(current.urls)))
    return ", ".join(parts)
