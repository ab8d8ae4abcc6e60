"""The output of sacct: jobs that have ended, as records like those of squeue.

Fields end in a separator that is random for each call, also the last one of a job: whatever users
write, nothing is cut, and no field is taken for another.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..model.errors import SlurmError
from .records import JobRecord
from .tres import number

# JobName is the last one only because people look at the output.
FIELDS = (
    *("JobIDRaw", "JobID", "Submit", "Eligible", "Start", "End", "State", "Reason", "ExitCode"),
    *("Partition", "QOS", "User", "UID", "NCPUS", "NNodes", "ReqMem", "TimelimitRaw", "NodeList"),
    *("Reservation", "AllocTRES", "Account", "JobName"),
)
# Slurm 25.11 has these too: how often a job was requeued, and the SLUID of a run.
MORE_FIELDS = ("Restarts", "SLUID")
# All states of jobs that have ended, and of runs whose job was requeued.
_STATES = "BF,CA,CD,DL,F,NF,OOM,PR,RQ,TO"
_NO_NODES = "None assigned"
_ABSENT = "N/A"

INVALID_RECORD = (
    "sacct: record {number} is not a valid job: {record}; its output was cut, or this version of "
    "Slurm prints it differently"
)


class EndedJob(NamedTuple):
    """A run that has ended; *record* has no restarts (an empty text) where sacct has none."""

    record: JobRecord
    sluid: str | None = None


def arguments(mark: str, since_s: float, until_s: float, *, has_more: bool = False) -> list[str]:
    """Return the arguments of sacct for all runs that ended between two times.

    *has_more* asks for MORE_FIELDS too.
    """
    fields = ",".join(_fields(has_more=has_more))
    when = ["-S", f"uts{int(since_s)}", "-E", f"uts{int(until_s)}", "-s", _STATES]
    how = ["-a", "-X", "-D", "-n", "-p", "--noconvert", f"--delimiter={mark}"]
    return [*how, *when, "-o", fields]


def _fields(*, has_more: bool) -> tuple[str, ...]:
    return (*MORE_FIELDS, *FIELDS) if has_more else FIELDS


def parse(output: str, mark: str, *, has_more: bool = False) -> Sequence[EndedJob]:
    """Return the runs in the *output* of sacct, called with arguments(*mark*, …).

    Raises: SlurmError if a record is incomplete.
    """
    names = _fields(has_more=has_more)
    *texts, rest = output.split(mark)
    count = len(names)
    jobs = []
    for at in range(0, len(texts), count):
        values = texts[at : at + count]
        place = at // count + 1
        if place > 1:  # each record but the first comes after the newline of the one before it
            if not values[0].startswith("\n"):
                raise _invalid(place, values[0])
            values[0] = values[0][1:]
        found = dict(zip(names, values, strict=False))
        if len(values) != count or not found["JobIDRaw"].isdecimal():
            raise _invalid(place, mark.join(values))
        jobs.append(EndedJob(_record(found), found.get("SLUID") or None))
    if rest not in ("", "\n") or (rest == "" and texts):
        raise _invalid(len(jobs) + 1, rest)
    return jobs


def _record(found: Mapping[str, str]) -> JobRecord:
    job_id = found["JobIDRaw"]
    array_job_id, array_task, het_job_id, het_offset = _ids(found["JobID"], job_id)
    nodes = found["NodeList"]
    return JobRecord(
        job_id=job_id,
        array_job_id=array_job_id,
        array_task_id=array_task,
        het_job_id=het_job_id,
        het_job_offset=het_offset,
        submit_time=found["Submit"],
        eligible_time=found["Eligible"],
        start_time=found["Start"],
        end_time=found["End"],
        state=found["State"].partition(" ")[0],  # CANCELLED by 1000
        reason=found["Reason"],
        restarts=found.get("Restarts", ""),
        exit_code=_status(found["ExitCode"]),
        partition=found["Partition"],
        qos=found["QOS"],
        user=found["User"],
        user_id=found["UID"],
        cpus=found["NCPUS"],
        node_count=found["NNodes"],
        tasks="",
        min_memory=found["ReqMem"],
        time_limit=_limit(found["TimelimitRaw"]),
        nodes="" if nodes == _NO_NODES else nodes,
        reservation=found["Reservation"],
        licenses="",
        tres=found["AllocTRES"],
        account=found["Account"],
        tres_per_job=_ABSENT,
        tres_per_node=_ABSENT,
        tres_per_socket=_ABSENT,
        tres_per_task=_ABSENT,
        name=found["JobName"],
    )


def _ids(shown: str, job_id: str) -> tuple[str, str, str, str]:
    """Return the array and its task, and the heterogeneous job and the part, as squeue does."""
    array, is_array, task = shown.partition("_")
    if is_array:
        return array, task, _ABSENT, _ABSENT
    het, is_het, offset = shown.partition("+")
    return (job_id, _ABSENT, het, offset) if is_het else (job_id, _ABSENT, _ABSENT, _ABSENT)


def _status(text: str) -> str:
    """Return ``code:signal`` as the status of wait(2), which squeue prints."""
    code, signal = (number(part) for part in text.partition(":")[::2])
    return text if code is None or signal is None else str((code << 8) + signal)


def _limit(text: str) -> str:
    """Return minutes as squeue prints a limit of time; other texts (UNLIMITED) as they are."""
    minutes = number(text)
    if minutes is None:
        return text
    hours, minutes = divmod(minutes, 60)
    return f"{hours // 24}-{hours % 24:02}:{minutes:02}:00"


def _invalid(place: int, record: str) -> SlurmError:
    return SlurmError(INVALID_RECORD.format(number=place, record=repr(record[:80])))
