"""`lmaster jobs`: lists jobs, and makes a backup of their archive."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator

from fructosa_service.errors import UsageError, visible_path

from ..client import job_place, job_report
from ..job_archive.archive_file import backup
from ..job_archive.record import record
from ..job_server.queries import job_query

NO_FILE = "backup needs the FILE to write"
BACKED_UP = "the archive of jobs was copied to {path}"
_FILTERS = ("user", "account", "state", "node", "partition", "since", "most")


def run(arguments: argparse.Namespace) -> int:
    """List jobs as a table or as JSON, or make a backup; return the exit code."""
    if arguments.action is not None:
        return _back_up(arguments)
    parameters = dict(_parameters(arguments))
    try:
        query = job_query(parameters)
    except ValueError as error:
        raise UsageError(str(error)) from None
    found = job_place.from_arguments(arguments).answer(
        lambda lmaster: lmaster.jobs(parameters),
        lambda archive: [record(one) for one in archive.runs(query)],
    )
    if arguments.json:
        print(json.dumps(found, indent=2))
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in job_report.table(found, time.time(), width):
        print(line)
    return 0


def _parameters(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name in _FILTERS:
        value = getattr(arguments, name)
        if value is not None:
            yield name, f"{value:.0f}" if isinstance(value, float) else str(value)


def _back_up(arguments: argparse.Namespace) -> int:
    if arguments.file is None:
        raise UsageError(NO_FILE)
    backup(job_place.from_arguments(arguments).readable_archive(), arguments.file)
    print(BACKED_UP.format(path=visible_path(arguments.file)))
    return 0
