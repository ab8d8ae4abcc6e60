"""`lmaster ping`: ask every configured node once."""

import argparse
import asyncio
import logging
import sys

from fructosa_service import cli
from fructosa_service.progress import progress

from ..scrape import ping
from .configured import chosen


def run(arguments: argparse.Namespace) -> int:
    """Ask the nodes, and tell which do not answer; return the exit code."""
    config, targets = chosen(arguments)
    # What fails is told in the end; a fault of ours is told at once, with its traceback.
    logging.getLogger("fructosa_bridge").setLevel(logging.ERROR)

    def asked(done: int) -> str:
        return "" if done == len(targets) else f"{done} of {len(targets)} asked"

    tell = progress(sys.stderr, asked)
    states = asyncio.run(ping.ping(targets, config.master.sample_limit, tell))
    for line in ping.report(states, is_quiet=arguments.quiet):
        print(line)
    return 0 if all(state.up for state in states) else cli.EXIT_RUNNING
