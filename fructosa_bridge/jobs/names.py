"""Which run of which job: the key of a run, and job ids as people write them."""

import re
from typing import NamedTuple

from ..model.errors import JobNameError

NOT_A_JOB = (
    "not a job: {text}; write its id, as 123, 123_4 (a task of an array), 123+1 (a part of a "
    "heterogeneous job), or sEKNKTV3WPV500 (a SLUID)"
)
_NAME = re.compile(
    r"(?P<job_id>[0-9]{1,10})(?:_(?P<task>[0-9]{1,9})|\+(?P<offset>[0-9]{1,6}))?"
    r"(?:\.[0-9a-z+]{1,16})?"
)
_SLUID = re.compile(r"(s[0-9A-HJKMNP-TV-Z]{13})(?:\.[0-9a-z+]{1,16})?")
_MOST_SHOWN = 40
_MOST_SUBMIT = 2**62


class RunKey(NamedTuple):
    """One life of a job: from its start to its end, or until it is requeued.

    Slurm gives ids again after MaxJobId, or when it has lost its state, so the time of submission
    belongs to the key. A requeue counts in *restart*; some versions also set *submit_s* anew. It is
    0 where Slurm does not say. Of a run that only nodes have told of, *submit_s* is below zero.
    """

    cluster: str
    job_id: int
    submit_s: int
    restart: int


class JobName(NamedTuple):
    """What somebody asks for: a job, a task of an array, a part of a heterogeneous job, a SLUID."""

    job_id: int | None = None
    task: int | None = None
    offset: int | None = None
    sluid: str | None = None


def job_name(text: str) -> JobName:
    """Return the job that *text* names; a step (``123.0``, ``123.batch``) stands for its job.

    Raises: JobNameError.
    """
    text = text.strip()
    if match := _SLUID.fullmatch(text):
        return JobName(sluid=match[1])
    match = _NAME.fullmatch(text) if text.isascii() else None
    if match is None:
        raise JobNameError(NOT_A_JOB.format(text=repr(text[:_MOST_SHOWN])))
    task, offset = (None if part is None else int(part) for part in match.group("task", "offset"))
    return JobName(int(match["job_id"]), task, offset)


def unclaimed_key(cluster: str, job_id: str, began_s: float) -> RunKey | None:
    """Return the key of a run that only nodes have told of: of an id, or of a SLUID without one.

    None is an id that Slurm does not give.
    """
    if job_id.isdecimal():
        return RunKey(cluster, int(job_id), -max(1, int(began_s)), 0)
    if _SLUID.fullmatch(job_id) is None:
        return None
    return RunKey(cluster, 0, -1 - int(job_id[1:], 36) % _MOST_SUBMIT, 0)


def written(
    job_id: int,
    array_job_id: int | None,
    array_task: int | None,
    het_job_id: int | None,
    het_offset: int | None,
) -> str:
    """Return the id of a job as Slurm writes it to people: ``123``, ``123_4``, ``123+1``."""
    if array_job_id is not None and array_task is not None:
        return f"{array_job_id}_{array_task}"
    if het_job_id is not None and het_offset is not None:
        return f"{het_job_id}+{het_offset}"
    return str(job_id)
