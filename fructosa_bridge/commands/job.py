"""`lmaster job`: prints what is known of a job."""

import argparse
import json
import time

from fructosa_service.errors import ServiceError, UsageError, visible

from ..client import job_place, job_report
from ..job_archive.record import records
from ..job_server.queries import NO_SUCH_JOB
from ..jobs.names import job_name
from ..model.errors import JobNameError


def run(arguments: argparse.Namespace) -> int:
    """Print a job as text or as JSON; of several parts or tasks, all. Return the exit code."""
    try:
        name = job_name(arguments.id)
    except JobNameError as error:
        raise UsageError(str(error)) from None
    found = job_place.from_arguments(arguments).answer(
        lambda lmaster: lmaster.job(arguments.id), lambda archive: records(archive.find(name))
    )
    if not found:
        raise ServiceError(NO_SUCH_JOB.format(name=visible(arguments.id.strip())))
    if arguments.json:
        print(json.dumps(found[0] if len(found) == 1 else found, indent=2))
        return 0
    for number, one in enumerate(found):
        if number:
            print()
        for line in job_report.report(one, time.time()):
            print(line)
    return 0
