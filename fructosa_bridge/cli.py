"""The command lmaster. Each of its commands is in `commands`, in a module of the same name."""

import argparse
from collections.abc import Mapping, Sequence

from fructosa_service import cli
from fructosa_service.daemon.commands import Daemon, Prepared
from fructosa_service.daemon.lifecycle import CommandResult
from fructosa_service.daemon.listeners import find_listener
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus, user_of

from .commands import (
    agents,
    check,
    dashboards,
    job,
    jobs,
    nodes,
    ping,
    reload,
    schemas,
    slurm,
    targets,
)
from .commands.command_line.arguments import command_line_parser
from .commands.command_line.load_config import add_scrape_options
from .config.settings import DEFAULT_FILE, read_config
from .queue.segments import LOCK


def main(argv: Sequence[str] | None = None) -> int:
    """Run lmaster with the arguments *argv*; return its exit code."""
    arguments = build_parser().parse_args(cli.command_first(argv))
    return cli.run("lmaster", lambda: arguments.command(arguments))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    return command_line_parser(_COMMANDS, _DAEMON, _print_result)


def _print_result(result: CommandResult) -> int:
    if result.text:
        print(result.text)
    return result.code


def _scrape(arguments: argparse.Namespace) -> int:
    from .commands import scrape  # takes longer to import than most commands run

    return scrape.run(arguments)


def _prepare(arguments: argparse.Namespace) -> Prepared:
    from .commands import scrape

    return scrape.prepare(arguments)


def _find(arguments: argparse.Namespace) -> PidFileStatus | None:
    """Return the lmaster that listens where the configuration says, or uses its queue."""
    config = read_config(cli.chosen_config(arguments.config, DEFAULT_FILE))
    master, web = config.master, config.web
    endpoints = web.endpoints(master.host, master.port)
    found = find_listener("lmaster", endpoints, web.scheme + "://{endpoint}/")
    if found is not None:
        return found
    pid = user_of(master.data_directory / "queue" / LOCK)
    return None if pid is None else PidFileStatus(DaemonState.RUNNING, pid)


_COMMANDS: Mapping[str, cli.Command] = {
    "scrape": _scrape,
    "ping": ping.run,
    "agents": agents.run,
    "nodes": nodes.run,
    "slurm": slurm.run,
    "job": job.run,
    "jobs": jobs.run,
    "reload": reload.run,
    "targets": targets.run,
    "schemas": schemas.run,
    "dashboards": dashboards.run,
    "check": check.run,
}
# For start, stop, restart and status, which lagent has too.
_DAEMON = Daemon(
    name="lmaster",
    default_file=DEFAULT_FILE,
    options=add_scrape_options,
    prepare=_prepare,
    find=_find,
)
