"""The output of squeue: a record for each job.

Each field ends in a separator and is as wide as its value (width 0), so nothing is cut. A job's
name may hold any character: it comes last, and ends in a mark that is random for each call.
"""

from collections.abc import Sequence

from ..model.errors import SlurmError
from .records import JobRecord

SEPARATOR = "\x1f"
# The fields of squeue -O, in the order of JobRecord's.
FIELDS = (
    *("JobID", "ArrayJobID", "ArrayTaskID", "HetJobID", "HetJobOffset", "SubmitTime"),
    *("EligibleTime", "StartTime", "EndTime", "State", "Reason", "RestartCnt", "exit_code"),
    *("Partition", "QOS", "Account", "UserName", "UserID", "NumCPUs", "NumNodes", "NumTasks"),
    *("MinMemory", "TimeLimit", "NodeList", "Reservation", "Licenses", "tres-alloc"),
    *("tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task", "Name"),
)
assert len(FIELDS) == len(JobRecord._fields)  # noqa: S101 - the records are made by position

INVALID_RECORD = (
    "squeue: record {number} is not a valid job: {record}; its output was cut, or this version of "
    "Slurm prints it differently"
)


def arguments(mark: str) -> list[str]:
    """Return the arguments of squeue for all jobs, also those that have ended lately."""
    fields = [f"{name}:0{SEPARATOR}" for name in FIELDS[:-1]]
    return ["-h", "-a", "-t", "all", "-O", ",".join([*fields, f"{FIELDS[-1]}:0{mark}"])]


def parse(output: str, mark: str) -> Sequence[JobRecord]:
    """Return the jobs in the *output* of squeue, called with arguments(*mark*).

    Raises: SlurmError if a record is incomplete.
    """
    *records, rest = output.split(f"{mark}\n")
    last = len(FIELDS) - 1
    jobs = []
    for number, record in enumerate([*records, *([rest] if rest else ())], start=1):
        fields = record.split(SEPARATOR, last)
        if len(fields) <= last or not fields[0].isdecimal() or number > len(records):
            raise SlurmError(INVALID_RECORD.format(number=number, record=repr(record[:80])))
        jobs.append(JobRecord._make(fields))
    return jobs
