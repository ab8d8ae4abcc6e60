"""`lmaster agents`: starts, stops and checks lagent on the nodes, over ssh."""

import argparse
import sys
from collections.abc import Sequence

from fructosa_service.progress import progress

from ..agents import results
from .command_line.load_config import load_selected


def run(arguments: argparse.Namespace) -> int:
    """Carry out the action, or print what would be done; return the exit code."""
    config, targets = load_selected(arguments)
    hosts = list(dict.fromkeys(target.host for target in targets))
    addresses = {target.host: target.address for target in targets if target.address is not None}
    settings = config.agents.overridden(arguments.timeout, arguments.fan_out)
    action = arguments.action
    # ClusterShell's engine takes longer to import than most commands run.
    from ..agents.fan_out import fan_out, plan

    if arguments.dry_run:
        print("\n".join(plan(settings, hosts, action, addresses)))
        return 0

    def progress_text(done: int, running: Sequence[str]) -> str:
        return results.progress(done, len(hosts), running)

    show_progress = progress(sys.stderr, progress_text)
    by_host = fan_out(settings, hosts, action, show_progress, addresses)
    succeeded, failed = results.grouped(action, by_host, settings.timeout_s)
    for group in succeeded:
        print(group)
    sys.stdout.flush()  # so that the order is right if both outputs go to one file or terminal
    for group in failed:
        print(group, file=sys.stderr)
    print(results.summary(action, by_host))
    return results.exit_code(action, by_host.values())
