"""`lmaster scrape` in the foreground, and `lmaster start` in the background."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from fructosa_service import cli
from fructosa_service.daemon.commands import Prepared
from fructosa_service.daemon.lifecycle import Ready
from fructosa_service.daemon.privileges import account
from fructosa_service.daemon.sd_notify import notify_ready
from fructosa_service.daemon.startup import initialize
from fructosa_service.logs import log_location

from ..app.run import scrape_for_ever, scrape_once
from ..config.settings import DEFAULT_FILE, MasterConfig
from ..job_server.unix_socket import listener
from ..model.target import Target
from .command_line.load_config import check_web_files, load_again, load_to_scrape, targets_to_scrape

log = logging.getLogger("lmaster")


def run(arguments: argparse.Namespace) -> int:
    """Scrape until a signal, or once; return the exit code."""
    return _scrape(arguments, *load_to_scrape(arguments))


def prepare(arguments: argparse.Namespace) -> Prepared:
    """Read and check all files while errors can still be printed to the terminal."""
    arguments.once = False
    config, targets = load_to_scrape(arguments)
    check_web_files(config.web)
    account("lmaster", config.master.user, config.master.group)
    return Prepared(
        config.master.pid_file,
        log_location(config.logging),
        lambda ready: _scrape(arguments, config, targets, ready),
    )


def _scrape(
    arguments: argparse.Namespace,
    config: MasterConfig,
    targets: Sequence[Target],
    ready: Ready | None = None,
) -> int:
    """Scrape until a signal, or once; in the background, report by *ready* that it runs."""
    user = account("lmaster", config.master.user, config.master.group)
    stores = [one.whisper_directory for one in config.destinations.values() if one.send]
    folders = [config.master.data_directory, *(folder for folder in stores if folder)]
    with ExitStack() as stack:
        job_socket = None
        if user is not None and config.jobs is not None and not arguments.once:
            # The user that lmaster becomes cannot make it in a directory of root.
            job_socket = stack.enter_context(listener(config.jobs.socket))
        initialize(config.logging, user, folders, syslog_as="lmaster" if ready else None)
        for warning in config.warnings:
            log.warning("%s", warning)
        if arguments.once:
            return _scrape_once(config, targets)
        # A reload must read the same file. If it has been removed, that is an error, although
        # without a file at startup lmaster would use its defaults.
        arguments.config = cli.chosen_config(arguments.config, DEFAULT_FILE)
        load = None if arguments.config is None else partial(load_again, arguments)
        make_targets = partial(targets_to_scrape, arguments)
        tell = ready or notify_ready
        asyncio.run(scrape_for_ever(config, targets, load, tell, make_targets, job_socket))
    return 0


def _scrape_once(config: MasterConfig, targets: Sequence[Target]) -> int:
    states, undelivered = asyncio.run(scrape_once(config, targets))
    for state in states:
        outcome = state.error or f"{state.samples} samples in {state.duration_s * 1000:.1f} ms"
        print(f"{state.target.name}: {'up' if state.up else 'DOWN'}, {outcome}")
    if undelivered:
        print(f"lmaster: {undelivered} points could not be delivered", file=sys.stderr)
    return cli.EXIT_RUNNING if undelivered or not all(state.up for state in states) else 0
