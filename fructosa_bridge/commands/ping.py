"""`lmaster ping`: scrapes every configured node once."""

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Mapping, Sequence

from fructosa_service import cli
from fructosa_service.progress import progress

from ..client import slurm_notes, target_list
from ..client.quick_question import QuickQuestion
from ..scrape import ping
from ..scrape.target_state import TargetState
from .command_line.load_config import load_selected


def run(arguments: argparse.Namespace) -> int:
    """Scrape the nodes, and print which of them fail; return the exit code."""
    config, targets = load_selected(arguments)
    # Failed scrapes are in the report. A bug of lmaster is still logged, with its traceback.
    logging.getLogger("fructosa_bridge").setLevel(logging.ERROR)
    # If lmaster runs here, it knows what Slurm says of the nodes that fail.
    question = None if config.slurm is None else QuickQuestion(config, "/api/targets")

    def progress_text(done: int) -> str:
        return "" if done == len(targets) else f"{done} of {len(targets)} scraped"

    show_progress = progress(sys.stderr, progress_text)
    states = asyncio.run(ping.ping(targets, config.master.sample_limit, show_progress))
    notes = _notes(states, None if question is None else question.answer())
    for line in ping.report(states, notes, is_quiet=arguments.quiet):
        print(line)
    return 0 if all(state.up for state in states) else cli.EXIT_RUNNING


def _notes(states: Sequence[TargetState], answer: str | None) -> Mapping[str, ping.Note]:
    """Return what Slurm says of targets, by their identity; *answer* lists lmaster's targets."""
    try:
        listed = [] if answer is None else target_list.parse(answer)
    except ValueError:  # another server
        return {}
    known, now_s = {one.identity: one for one in listed}, time.time()
    return {
        name: slurm_notes.note(known[name], now_s, up=bool(state.up))
        for state in states
        if (name := state.target.identity) in known
    }
