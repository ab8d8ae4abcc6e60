"""The commands start, stop, restart and status of both daemons."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import cli
from ..config import ini
from ..config.kinds import from_command_line, seconds
from ..config.load import raw_text
from ..config.path_kind import PATH
from ..errors import ConfigError, FileError, UsageError
from . import lifecycle, pid_file
from .lifecycle import CommandResult, Ready
from .listeners import remembered_sockets
from .pid_file import PidFileStatus
from .run_as import give_up_root

_STOP_TIMEOUT_S = 20.0

SIGNALS_HELP = "SIGTERM and SIGINT shut it down, with exit code 0; a second one has no effect."
EXIT_CODES_HELP = (
    "Exit codes: 0 success (or running, or shut down by a signal), 1 failure, 2 invalid command "
    "line or configuration. Those of status: 0 running, 1 dead with a pid file left behind, 3 not "
    "running, 4 unknown."
)

Show = Callable[[CommandResult], int]


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """A daemon: its name, its default file, what adds its options, and what prepares its start.

    *prepare* reads and checks the configuration. *find* looks for a daemon with that configuration
    which was started in another way; it may raise the errors of an invalid one.
    """

    name: str
    default_file: Path
    options: Callable[[argparse.ArgumentParser], None]
    prepare: Callable[[argparse.Namespace], "Prepared"]
    find: Callable[[argparse.Namespace], PidFileStatus | None] = lambda arguments: None


@dataclass(frozen=True)
class Prepared:
    """A daemon that can be started: its configured pid file, where it logs to, and its main."""

    pid_file: Path | None
    log_location: str
    run: Callable[[Ready], int]


def add(commands: cli.Commands, daemon: Daemon, show: Show) -> None:
    """Add the four commands; *show* prints a result and returns its exit code."""
    start = cli.add_command(
        commands,
        "start",
        lambda arguments: show(_start(daemon, arguments)),
        f"start {daemon.name} in the background",
    )
    daemon.options(start)
    stop = cli.add_command(
        commands,
        "stop",
        lambda arguments: show(_stop(daemon, arguments)),
        f"stop the {daemon.name} that was started with start; it is killed if it does not exit in "
        "time",
    )
    restart = cli.add_command(
        commands,
        "restart",
        lambda arguments: _restart(daemon, arguments, show),
        f"stop {daemon.name} and start it again, unless the configuration is invalid",
    )
    daemon.options(restart)
    status = cli.add_command(
        commands,
        "status",
        lambda arguments: show(_status(daemon, arguments)),
        f"show whether {daemon.name} runs, in the background or otherwise, its pid and its "
        "addresses",
    )
    for command in (stop, status):
        cli.add_config(command, daemon.default_file)
    for command in (start, stop, restart, status):
        _add_pid_file(command, daemon.name)
    for command in (stop, restart):
        _add_timeout(command)


def _add_pid_file(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "-p",
        "--pid-file",
        metavar="PIDFILE",
        type=lambda text: Path(text).absolute(),
        help=f"pid file (default: as configured; if unset, /run/fructosa/{name}.pid for root, and "
        "one in $XDG_RUNTIME_DIR or /tmp for other users)",
    )
    # As FrUCToSA 0.x spelled it. A default of its own would overwrite the value of the other.
    command.add_argument(
        "--pidfile",
        dest="pid_file",
        type=lambda text: Path(text).absolute(),
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )


def _add_timeout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=from_command_line(seconds(at_most=86400)),
        default=_STOP_TIMEOUT_S,
        help=f"time to exit before it is killed (default: {_STOP_TIMEOUT_S:g})",
    )


def _start(daemon: Daemon, arguments: argparse.Namespace) -> CommandResult:
    return _start_prepared(daemon, arguments, daemon.prepare(arguments))


def _start_prepared(
    daemon: Daemon, arguments: argparse.Namespace, prepared: Prepared
) -> CommandResult:
    path = arguments.pid_file or prepared.pid_file or _default(daemon.name)
    may_make_folder = arguments.pid_file in (None, prepared.pid_file) or _is_below_run(path)
    result = lifecycle.start(daemon.name, path, prepared.run, may_make_folder)
    if not result.has_started:
        return result
    return CommandResult(f"{result.text}; {prepared.log_location}")


def _is_below_run(path: Path) -> bool:
    """Return whether a folder there ends with the machine, so that root may make one."""
    return path.is_relative_to("/run") and ".." not in path.parts


def _stop(daemon: Daemon, arguments: argparse.Namespace) -> CommandResult:
    find = partial(_find, daemon, arguments)
    return lifecycle.stop(daemon.name, _path(daemon, arguments), arguments.timeout, find)


def _restart(daemon: Daemon, arguments: argparse.Namespace, show: Show) -> int:
    prepared = daemon.prepare(arguments)
    path = arguments.pid_file or prepared.pid_file or _default(daemon.name)
    find = partial(_find, daemon, arguments)
    if code := show(lifecycle.stop(daemon.name, path, arguments.timeout, find)):
        return code
    return show(_start_prepared(daemon, arguments, prepared))


def _status(daemon: Daemon, arguments: argparse.Namespace) -> CommandResult:
    find = partial(_find_as_user, daemon, arguments)
    return lifecycle.status(daemon.name, _path(daemon, arguments), find)


def _find_as_user(daemon: Daemon, arguments: argparse.Namespace) -> PidFileStatus | None:
    with remembered_sockets():  # only root sees whose they are
        try:
            give_up_root(daemon.name, cli.chosen_config(arguments.config, daemon.default_file))
        except UsageError:
            return None
        return _find(daemon, arguments)


def _find(daemon: Daemon, arguments: argparse.Namespace) -> PidFileStatus | None:
    try:
        return daemon.find(arguments)
    except (ConfigError, FileError, UsageError):
        return None  # where it would listen is unknown


def _default(name: str) -> Path:
    return pid_file.default_path(name, os.environ, os.geteuid())


def _path(daemon: Daemon, arguments: argparse.Namespace) -> Path:
    """Return the path of the pid file; a daemon can be stopped even if its file is invalid."""
    if arguments.pid_file is not None:
        return Path(arguments.pid_file)
    config = cli.chosen_config(arguments.config, daemon.default_file)
    try:
        text = "" if config is None else raw_text(config)
    except OSError:
        if arguments.config is not None:
            raise UsageError(
                f"{config} cannot be read; check the path, or give the pid file with -p PIDFILE"
            ) from None
        text = ""
    return configured(text, daemon.name) or _default(daemon.name)


def configured(text: str, section: str) -> Path | None:
    """Return the pid file set in a *section* of a configuration, whatever else is wrong in it."""
    value = ini.value(text, section, "pid file")
    try:
        return None if value is None else PATH.parse(value)
    except ValueError:
        return None
