"""`lmaster agents`: start, stop and look after the lagents on the nodes, over ssh."""

import argparse
import sys
from collections.abc import Sequence

from fructosa_service.progress import progress

from ..agents import results
from .configured import chosen


def run(arguments: argparse.Namespace) -> int:
    """Have the action carried out, or tell what that would be; return the exit code."""
    config, targets = chosen(arguments)
    hosts = list(dict.fromkeys(target.host for target in targets))
    settings = config.agents.overridden(arguments.timeout, arguments.fan_out)
    action = arguments.action
    # ClusterShell's engine takes longer to import than most commands run.
    from ..agents.fan_out import fan_out, plan

    if arguments.dry_run:
        print("\n".join(plan(settings, hosts, action)))
        return 0

    def done_on(done: int, asked: Sequence[str]) -> str:
        return results.progress(done, len(hosts), asked)

    answers = fan_out(settings, hosts, action, progress(sys.stderr, done_on))
    well, failed = results.grouped(action, answers, settings.timeout_s)
    for group in well:
        print(group)
    sys.stdout.flush()  # so that a terminal, or a file with both, has them in this order
    for group in failed:
        print(group, file=sys.stderr)
    print(results.summary(action, answers))
    return results.exit_code(action, answers.values())
