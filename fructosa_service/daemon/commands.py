"""The command line of start, stop, restart and status, which both daemons have."""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import cli
from ..config import ini
from ..config.kinds import from_command_line, seconds
from ..config.path_kind import PATH
from ..errors import UsageError
from . import lifecycle, pid_file
from .lifecycle import CommandResult, Ready

_PATIENCE_S = 20.0

ENDS = (
    "SIGTERM and SIGINT end it in order, with exit code 0; a second one changes nothing, and "
    "SIGKILL loses what is not written yet."
)
CODES = (
    "Exit codes: 0 done (or running, or ended in order), 1 it can't be done, 2 a wrong command "
    "line or configuration; of status: 0 running, 1 dead with its pid file left behind, 3 not "
    "running, 4 unknown."
)


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """A daemon: its name, its default file, its *options*, and how it is made ready.

    *prepare* reads and checks the configuration; it returns the pid file which that names, a word
    on where the log goes, and what runs until the end.
    """

    name: str
    default_file: Path
    options: Callable[[argparse.ArgumentParser], None]
    prepare: Callable[[argparse.Namespace], "Prepared"]


@dataclass(frozen=True)
class Prepared:
    """A daemon that can be started."""

    pid_file: Path | None
    log_place: str
    run: Callable[[Ready], int]


def add(commands: cli.Commands, of: Daemon, say: Callable[[CommandResult], int]) -> None:
    """Add the four commands; *say* prints an answer, and returns its exit code."""
    start = cli.add_command(
        commands, "start", lambda told: say(_start(of, told)), "start it in the background"
    )
    of.options(start)
    stop = cli.add_command(
        commands,
        "stop",
        lambda told: say(_stop(of, told)),
        "end it; one that does not end in time is killed",
    )
    restart = cli.add_command(
        commands,
        "restart",
        lambda told: _restart(of, told, say),
        "end it and start it anew; a wrong configuration changes nothing",
    )
    of.options(restart)
    status = cli.add_command(
        commands, "status", lambda told: say(_status(of, told)), "tell whether it runs, and where"
    )
    for command in (stop, status):
        cli.add_config(command, of.default_file)
    for command in (start, stop, restart, status):
        _add_pid_file(command, of.name)
    for command in (stop, restart):
        _add_timeout(command)


def _add_pid_file(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "-p",
        "--pid-file",
        metavar="PIDFILE",
        type=lambda text: Path(text).absolute(),
        help="where its pid is kept (default: that of the configuration, or "
        f"/run/fructosa/{name}.pid for root and one of your own for you)",
    )


def _add_timeout(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=from_command_line(seconds(at_most=86400)),
        default=_PATIENCE_S,
        help=f"how long it may take to end, before it is killed (default: {_PATIENCE_S:g})",
    )


def _start(of: Daemon, told: argparse.Namespace) -> CommandResult:
    return _begin(of, told, of.prepare(told))


def _begin(of: Daemon, told: argparse.Namespace, prepared: Prepared) -> CommandResult:
    path = told.pid_file or prepared.pid_file or _default(of.name)
    answer = lifecycle.start(of.name, path, prepared.run)
    if not answer.is_new:
        return answer
    return CommandResult(f"{answer.text}; {prepared.log_place}")


def _stop(of: Daemon, told: argparse.Namespace) -> CommandResult:
    return lifecycle.stop(of.name, _path(of, told), told.timeout)


def _restart(of: Daemon, told: argparse.Namespace, say: Callable[[CommandResult], int]) -> int:
    prepared = of.prepare(told)
    path = told.pid_file or prepared.pid_file or _default(of.name)
    if code := say(lifecycle.stop(of.name, path, told.timeout)):
        return code
    return say(_begin(of, told, prepared))


def _status(of: Daemon, told: argparse.Namespace) -> CommandResult:
    return lifecycle.status(of.name, _path(of, told))


def _default(name: str) -> Path:
    return pid_file.default_path(name, os.environ, os.geteuid())


def _path(of: Daemon, told: argparse.Namespace) -> Path:
    """Return where the pid file is; a broken configuration must not keep anybody from stopping."""
    if told.pid_file is not None:
        return Path(told.pid_file)
    config = cli.chosen_config(told.config, of.default_file)
    try:
        text = "" if config is None else config.read_text("utf-8", "replace")
    except OSError:
        if told.config is not None:
            raise UsageError(
                f"{config} can't be read; check the path, or give the pid file with -p PIDFILE"
            ) from None
        text = ""
    return configured(text, of.name) or _default(of.name)


def configured(text: str, section: str) -> Path | None:
    """Return the pid file that a configuration names, whatever else is wrong in its *text*."""
    found = None
    for part in ini.parse(text)[0]:
        for entry in part.entries:
            if part.name.lower() == section and entry.key.lower() == "pid file":
                found = entry.text
    try:
        return None if found is None else PATH.parse(found)
    except ValueError:
        return None
