"""`lmaster jobs`: lists jobs, and makes a backup of their archive."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any

from fructosa_service.errors import UsageError, visible_path
from fructosa_service.humanize import period

from ..client import job_place
from ..client.job_client import JobAnswer
from ..client.job_table import table
from ..job_archive.archive_file import backup
from ..job_archive.look_ups import ArchiveReader, JobQuery
from ..job_archive.record import all_records
from ..job_server.queries import job_query, next_reading

NO_FILE = "backup needs the FILE to write"
BACKED_UP = "the archive of jobs was copied to {path}"
NOT_RUNNING = "lmaster does not run; its archive was last written {when}"
NO_JOBS = "no jobs match{since}"
OF_ALL = ", of all that are kept"
SINCE = ", of those that ran after {when}"
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
        lambda archive: _archived(archive, query),
    )
    say_how_old(found)
    if arguments.json:
        print(json.dumps(found.records, indent=2))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        for line in table(found.records, time.time(), width):
            print(line)
    if not found.records:
        print(_no_jobs(found, query), file=sys.stderr)
    return 0


def say_how_old(answer: JobAnswer) -> None:
    """Print, on standard error, when an archive was written that was read without lmaster."""
    if answer.written_s is not None:
        when = period(answer.written_s, None, time.time(), with_seconds=False)
        print(NOT_RUNNING.format(when=when), file=sys.stderr)


def _archived(archive: ArchiveReader, query: JobQuery) -> list[dict[str, Any]]:
    found = archive.runs(query)
    return all_records(found, archive.run_counts(found))


def _no_jobs(answer: JobAnswer, query: JobQuery) -> str:
    """Return that nothing was found, how far back it was looked for, and what may be to come."""
    since = OF_ALL
    if query.since_s is not None:
        when = period(query.since_s, None, time.time(), with_seconds=False)
        since = SINCE.format(when=when)
    later = next_reading(answer.slurm_age_s) if answer.written_s is None else ""
    return NO_JOBS.format(since=since) + later


def _parameters(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name in _FILTERS:
        value = getattr(arguments, name)
        if isinstance(value, tuple):
            yield name, ",".join(value)
        elif value is not None:
            yield name, f"{value:.0f}" if isinstance(value, float) else str(value)


def _back_up(arguments: argparse.Namespace) -> int:
    if arguments.file is None:
        raise UsageError(NO_FILE)
    backup(job_place.from_arguments(arguments).readable_archive(), arguments.file)
    print(BACKED_UP.format(path=visible_path(arguments.file)))
    return 0
