"""`lmaster nodes`: lists the targets of the running lmaster."""

import argparse
import json
import time
from collections.abc import Sequence

from fructosa_service import cli
from fructosa_service.errors import ServiceError

from ..client import target_list
from ..config.hosts import Hosts, SlurmHosts
from ..config.node_sets import select
from ..config.settings import DEFAULT_FILE, read_config


def run(arguments: argparse.Namespace) -> int:
    """Print the targets as a table, or as JSON; return the exit code."""
    from ..client import client  # requests takes longer to import than most commands run

    master = client.from_arguments(arguments)
    try:
        targets = target_list.parse(master.get("/api/targets"))
    except ValueError as error:
        raise ServiceError(master.not_lmaster(str(error))) from error
    targets = select(targets, _hosts(arguments), lambda target: target.host, master.url)
    targets = [target for target in targets if arguments.state in (None, target.state)]
    if arguments.json:
        print(json.dumps([target.fields for target in targets], indent=2))
    else:
        for row in target_list.table(targets, time.time()):
            print(row)
    return 0


def _hosts(arguments: argparse.Namespace) -> Sequence[str] | None:
    """Return the nodes to list; ``@slurm`` stands for those of the lmaster on this machine."""
    hosts: Hosts | None = arguments.hosts
    if not isinstance(hosts, SlurmHosts):
        return hosts
    from .load_config import selected_hosts

    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    return selected_hosts(hosts, read_config(path), path)
