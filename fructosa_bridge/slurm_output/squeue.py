"""The output of squeue: a record for each job.

Each field ends in a separator and is as wide as its value (width 0), so nothing is cut. What users
write may hold any character, also the separator: these fields come last, and end in a mark that is
random for each call.
"""

import re
from collections.abc import Mapping, Sequence

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
SLUID = "SLUID"

_SLUID = re.compile(r"s[0-9A-Z]{13}")

INVALID_RECORD = (
    "squeue: record {number} is not a valid job: {record}; its output was cut, or this version of "
    "Slurm prints it differently"
)


def arguments(mark: str, *, has_sluids: bool = False) -> list[str]:
    """Return the arguments of squeue for all jobs, also those that have ended lately.

    *has_sluids* asks for the SLUID too, which squeue has from Slurm 25.11 on.
    """
    names = (*FIELDS[:_FREE], *([SLUID] if has_sluids else ()))
    fields = [f"{name}:0{SEPARATOR}" for name in names]
    fields += [f"{name}:0{mark}{SEPARATOR}" for name in FIELDS[_FREE:-1]]
    return ["-h", "-a", "-t", "all", "-O", ",".join([*fields, f"{FIELDS[-1]}:0{mark}"])]


def parse(output: str, mark: str) -> Sequence[JobRecord]:
    """Return the jobs in the *output* of squeue, called with arguments(*mark*).

    Raises: SlurmError if a record is incomplete.
    """
    records = _records(output, mark)
    return [_job(number, record, mark) for number, record in enumerate(records, start=1)]


def _records(output: str, mark: str) -> Sequence[str]:
    *records, rest = output.split(f"{mark}\n")
    if rest:
        raise _invalid(len(records) + 1, rest)
    return records


def _job(number: int, record: str, mark: str) -> JobRecord:
    first, *free = record.split(mark + SEPARATOR)
    fields = first.split(SEPARATOR, _FREE)
    fields += free
    if len(fields) != len(FIELDS) or not fields[0].isdecimal():
        raise _invalid(number, record)
    return JobRecord._make(fields)


def parse_with_sluids(output: str, mark: str) -> tuple[Sequence[JobRecord], Mapping[str, str]]:
    """Return the jobs, and the SLUID by job id, of squeue called with *has_sluids*.

    Raises: SlurmError if a record is incomplete.
    """
    jobs, sluids = [], {}
    # The records are those without SLUIDs, and a field more before the first that users write.
    for number, record in enumerate(_records(output, mark), start=1):
        fields = record.split(SEPARATOR, _FREE + 1)
        if len(fields) != _FREE + 2:
            raise _invalid(number, record)
        sluid = fields.pop(_FREE)
        job = _job(number, SEPARATOR.join(fields), mark)
        jobs.append(job)
        if _SLUID.fullmatch(sluid):  # else it has none: None, or of an older slurmctld
            sluids[job.job_id] = sluid
    return jobs, sluids


def _invalid(number: int, record: str) -> SlurmError:
    return SlurmError(INVALID_RECORD.format(number=number, record=repr(record[:80])))
