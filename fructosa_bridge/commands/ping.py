"""`lmaster ping`: scrapes every configured node once."""

import argparse
import asyncio
import logging
import sys

from fructosa_service import cli
from fructosa_service.progress import progress

from ..scrape import ping
from .load_config import load_selected


def run(arguments: argparse.Namespace) -> int:
    """Scrape the nodes, and print which of them fail; return the exit code."""
    config, targets = load_selected(arguments)
    # Failed scrapes are in the report. A bug of lmaster is still logged, with its traceback.
    logging.getLogger("fructosa_bridge").setLevel(logging.ERROR)

    def progress_text(done: int) -> str:
        return "" if done == len(targets) else f"{done} of {len(targets)} scraped"

    show_progress = progress(sys.stderr, progress_text)
    states = asyncio.run(ping.ping(targets, config.master.sample_limit, show_progress))
    for line in ping.report(states, is_quiet=arguments.quiet):
        print(line)
    return 0 if all(state.up for state in states) else cli.EXIT_RUNNING
