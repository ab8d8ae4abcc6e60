"""The output of squeue: a record for each job.

Each field ends in a separator and is as wide as its value (width 0), so nothing is cut. What users
write may hold any character, also the separator: these fields come last, and end in a mark that is
random for each call.
"""

from collections.abc import Sequence

from ..model.errors import SlurmError
from .records import JobRecord

SEPARATOR = "\x1f"
# The fields of squeue -O, in the order of JobRecord's. Users can write the last six as they like:
# without accounting any account is accepted, and any type of GPUs.
FIELDS = (
    *("JobID", "ArrayJobID", "ArrayTaskID", "HetJobID", "HetJobOffset", "SubmitTime"),
    *("EligibleTime", "StartTime", "EndTime", "State", "Reason", "RestartCnt", "exit_code"),
    *("Partition", "QOS", "UserName", "UserID", "NumCPUs", "NumNodes", "NumTasks"),
    *("MinMemory", "TimeLimit", "NodeList", "Reservation", "Licenses", "tres-alloc", "Account"),
    *("tres-per-job", "tres-per-node", "tres-per-socket", "tres-per-task", "Name"),
)
assert len(FIELDS) == len(JobRecord._fields)  # noqa: S101 - the records are made by position

_FREE = FIELDS.index("Account")

INVALID_RECORD = (
    "squeue: record {number} is not a valid job: {record}; its output was cut, or this version of "
    "Slurm prints it differently"
)


def arguments(mark: str) -> list[str]:
    """Return the arguments of squeue for all jobs, also those that have ended lately."""
    fields = [f"{name}:0{SEPARATOR}" for name in FIELDS[:_FREE]]
    fields += [f"{name}:0{mark}{SEPARATOR}" for name in FIELDS[_FREE:-1]]
    return ["-h", "-a", "-t", "all", "-O", ",".join([*fields, f"{FIELDS[-1]}:0{mark}"])]


def parse(output: str, mark: str) -> Sequence[JobRecord]:
    """Return the jobs in the *output* of squeue, called with arguments(*mark*).

    Raises: SlurmError if a record is incomplete.
    """
    *records, rest = output.split(f"{mark}\n")
    if rest:
        raise _invalid(len(records) + 1, rest)
    free_separator, count = mark + SEPARATOR, len(FIELDS)
    jobs = []
    for number, record in enumerate(records, start=1):
        first, *free = record.split(free_separator)
        fields = first.split(SEPARATOR, _FREE)
        fields += free
        if len(fields) != count or not fields[0].isdecimal():
            raise _invalid(number, record)
        jobs.append(JobRecord._make(fields))
    return jobs


def _invalid(number: int, record: str) -> SlurmError:
    return SlurmError(INVALID_RECORD.format(number=number, record=repr(record[:80])))
