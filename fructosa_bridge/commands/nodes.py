"""`lmaster nodes`: lists the targets of the running lmaster."""

import argparse
import json
import time
from collections.abc import Iterator, Sequence

from fructosa_service import cli
from fructosa_service.errors import ServiceError

from ..client import target_list
from ..config.settings import DEFAULT_FILE, read_config
from ..nodes.hosts import SlurmHosts
from ..nodes.node_sets import select


def run(arguments: argparse.Namespace) -> int:
    """Print the targets as a table, or as JSON; return the exit code."""
    from ..client import client  # requests takes longer to import than most commands run

    master = client.from_arguments(arguments)
    try:
        targets = target_list.parse(master.get("/api/targets"))
    except ValueError as error:
        raise ServiceError(master.not_lmaster(str(error))) from error
    targets = select(targets, list(_node_sets(arguments)), master.url)
    targets = [target for target in targets if arguments.state in (None, target.state)]
    if arguments.json:
        print(json.dumps([target.fields for target in targets], indent=2))
    else:
        for row in target_list.table(targets, time.time()):
            print(row)
    return 0


def _node_sets(arguments: argparse.Namespace) -> Iterator[Sequence[str]]:
    """Yield the nodes to list; ``@slurm`` stands for those of the lmaster on this machine."""
    for hosts in arguments.node_sets:
        if not isinstance(hosts, SlurmHosts):
            yield hosts
            continue
        from .command_line.load_config import selected_hosts

        path = cli.chosen_config(arguments.config, DEFAULT_FILE)
        yield selected_hosts(hosts, read_config(path), path)
