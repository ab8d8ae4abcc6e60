"""`lmaster nodes`: lists the targets of the running lmaster."""

import argparse
import json
import time

from fructosa_service.errors import ServiceError

from ..client import target_list
from ..config.node_sets import select


def run(arguments: argparse.Namespace) -> int:
    """Print the targets as a table, or as JSON; return the exit code."""
    from ..client import client  # requests takes longer to import than most commands run

    master = client.from_arguments(arguments)
    try:
        targets = target_list.parse(master.get("/api/targets"))
    except ValueError as error:
        raise ServiceError(master.not_lmaster(str(error))) from error
    targets = select(targets, arguments.node_sets, master.url)
    targets = [target for target in targets if arguments.state in (None, target.state)]
    if arguments.json:
        print(json.dumps([target.fields for target in targets], indent=2))
    else:
        for row in target_list.table(targets, time.time()):
            print(row)
    return 0
