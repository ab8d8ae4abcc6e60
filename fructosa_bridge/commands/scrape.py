"""`lmaster scrape`, in the foreground, and what `lmaster start` runs in the background."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
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
from ..model.target import Target
from .configured import check_web
from .overrides import loaded

log = logging.getLogger("lmaster")


def run(arguments: argparse.Namespace) -> int:
    """Scrape until a signal, or once; return the exit code."""
    return _scrape(arguments, *loaded(arguments))


def prepare(arguments: argparse.Namespace) -> Prepared:
    """Read all that can be wrong, while there is a terminal to say so."""
    arguments.once = False
    config, targets = loaded(arguments)
    check_web(config.web)
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
    """Scrape until a signal; in the background there is somebody to be told when it is *ready*."""
    who = account("lmaster", config.master.user, config.master.group)
    stores = [one.whisper_directory for one in config.destinations.values() if one.send]
    folders = [config.master.data_directory, *(folder for folder in stores if folder)]
    initialize(config.logging, who, folders, syslog_as="lmaster" if ready else None)
    for warning in config.warnings:
        log.warning("%s", warning)
    if arguments.once:
        return _once(config, targets)
    # The file of the start: one that is away at a reload is not as if there had never been any.
    arguments.config = cli.chosen_config(arguments.config, DEFAULT_FILE)
    load = None if arguments.config is None else partial(loaded, arguments)
    asyncio.run(scrape_for_ever(config, targets, load, ready or notify_ready))
    return 0


def _once(config: MasterConfig, targets: Sequence[Target]) -> int:
    states, undelivered = asyncio.run(scrape_once(config, targets))
    for state in states:
        outcome = state.error or f"{state.samples} samples in {state.duration_s * 1000:.1f} ms"
        print(f"{state.target.name}: {'up' if state.up else 'DOWN'}, {outcome}")
    if undelivered:
        print(f"lmaster: {undelivered} points could not be delivered", file=sys.stderr)
    return cli.EXIT_RUNNING if undelivered or not all(state.up for state in states) else 0
