"""`lmaster nodes`: how the running lmaster sees its targets."""

import argparse
import json
import time

from fructosa_service.errors import ServiceError

from ..client import target_list
from ..client.address import place
from ..config.node_sets import select


def run(arguments: argparse.Namespace) -> int:
    """Print the targets as a table, or as JSON; return the exit code."""
    from ..client import client  # requests takes longer to import than most commands run

    asked = place(arguments)
    try:
        lines = target_list.read(client.get(asked, "/api/targets"))
    except ValueError as error:
        raise ServiceError(
            f"{asked.url} is no lmaster: {error}; give the right one with --url"
        ) from error
    lines = select(lines, arguments.hosts, lambda line: line.host, asked.url)
    lines = [line for line in lines if arguments.state in (None, line.state)]
    if arguments.json:
        print(json.dumps([line.told for line in lines], indent=2))
    else:
        for row in target_list.table(lines, time.time()):
            print(row)
    return 0
