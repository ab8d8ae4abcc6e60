"""`lmaster job`: prints what is known of a job."""

import argparse
import json
import sys
import time

from fructosa_service.errors import ServiceError, UsageError, shown, visible

from ..client import job_place, job_report
from ..job_archive.record import all_records, records
from ..job_server.queries import NO_SUCH_JOB
from ..jobs.names import NOT_A_JOB, job_name
from ..model.errors import JobNameError
from .jobs import say_how_old

NO_STEPS = "steps of jobs are not kept: this is the whole job"


def run(arguments: argparse.Namespace) -> int:
    """Print a job as text or as JSON; of several parts or tasks, all. Return the exit code."""
    try:
        name = job_name(arguments.id)
    except JobNameError as error:
        raise UsageError(str(error)) from None
    if name.job_id == 0:
        raise UsageError(NOT_A_JOB.format(text=shown(arguments.id.strip())))
    of_archive = all_records if arguments.all else records
    answer = job_place.from_arguments(arguments).answer(
        lambda lmaster: lmaster.job(arguments.id, every_run=arguments.all),
        lambda archive: of_archive(archive.find(name)),
    )
    say_how_old(answer)
    found = answer.records
    if not found:
        raise ServiceError(NO_SUCH_JOB.format(name=visible(arguments.id.strip())))
    if "." in arguments.id:
        print(NO_STEPS, file=sys.stderr)
    if arguments.json:
        print(json.dumps(found if arguments.all or len(found) > 1 else found[0], indent=2))
        return 0
    for number, one in enumerate(found):
        if number:
            print()
        for line in job_report.report(one, time.time(), of_all=arguments.all):
            print(line)
    return 0
