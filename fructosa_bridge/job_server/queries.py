"""From the parameters of a request to a question for the archive."""

import re
from collections.abc import Mapping

from fructosa_service.errors import did_you_mean, shown
from fructosa_service.humanize import age

from ..job_archive.look_ups import JobQuery
from ..jobs.runs import REQUEUED, WAITING
from ..slurm_output.vocabulary import JOB_STATES, STATE_CODES

# The header of answers with how many seconds ago Slurm was read: no later job is known.
SLURM_AGE = "Slurm-Age"
MOST_RUNS = 10_000
# Their names, of which the archive looks for each, are in the line of a request.
MOST_NODES = 256
_WHOLE = re.compile("[0-9]{1,9}")
_NAMES = ("user", "account", "state", "node", "partition", "since", "most")
NO_SUCH_JOB = "no job {name} is known here"
OR_NOT_YOURS = ", or it is not yours"
NEXT_READING = "; a job appears after the next reading of Slurm, which was last read {ago} ago"
NOT_READ_YET = "; Slurm was not read yet since lmaster's start"
NOT_RUNS = "runs is {text}; write all"
UNKNOWN = "{name} is not a parameter; use {names}"
NOT_A_STATE = (
    "{state} is not a state of jobs; write states as Slurm does, e.g. FAILED or F,TO,OOM{hint}"
)
NOT_KEPT = (
    "jobs are kept from their start, so none is {state}; those that wait are shown by: squeue -t "
    "{state}"
)
TOO_MANY_NODES = "contains {count} nodes; write at most {most}"
NOT_A_TIME = "since is not a time in seconds since 1970"
NOT_A_NUMBER = "most is not a number from 1 to {most}"


def job_query(parameters: Mapping[str, str]) -> JobQuery:
    """Return the question that a request asks.

    Names are compared as the archive has them: it holds no text that is not valid Unicode.

    Raises: ValueError with a text for people.
    """
    for name in parameters:
        if name not in _NAMES:
            raise ValueError(UNKNOWN.format(name=shown(name), names=", ".join(_NAMES)))
    return JobQuery(
        user=_name(parameters.get("user")),
        account=_name(parameters.get("account")),
        states=_states(parameters.get("state")),
        nodes=_nodes(parameters.get("node")),
        partition=_name(parameters.get("partition")),
        since_s=_since_s(parameters.get("since")),
        most=_most(parameters.get("most")),
    )


def every_run(parameters: Mapping[str, str]) -> bool:
    """Return whether all runs of a job are asked for, and not only its last.

    Raises: ValueError with a text for people.
    """
    text = parameters.get("runs")
    if text not in (None, "all"):
        raise ValueError(NOT_RUNS.format(text=shown(text or "")))
    return text is not None


def no_such_job(name: str, slurm_age_s: float | None, *, sees_all: bool) -> str:
    """Return that a job is not known, and what it may wait for; *sees_all* is of who asks."""
    other = "" if sees_all else OR_NOT_YOURS
    return NO_SUCH_JOB.format(name=name) + other + next_reading(slurm_age_s)


def next_reading(slurm_age_s: float | None) -> str:
    """Return the end of a sentence that says when Slurm was read last."""
    return NOT_READ_YET if slurm_age_s is None else NEXT_READING.format(ago=age(slurm_age_s))


def _name(text: str | None) -> str | None:
    return None if text is None else text.encode(errors="replace").decode()


def _states(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    return tuple(dict.fromkeys(_state(one.strip()) for one in text.split(",")))


def _state(text: str) -> str:
    state = STATE_CODES.get(text.upper(), text.upper())
    if state not in JOB_STATES:
        raise ValueError(
            NOT_A_STATE.format(state=shown(text), hint=did_you_mean(state, JOB_STATES))
        )
    if state in WAITING and state != REQUEUED:
        raise ValueError(NOT_KEPT.format(state=state))
    return state


def _nodes(text: str | None) -> tuple[str, ...]:
    """Return the names of a list. Node sets are expanded by who asks, as they may be huge."""
    if text is None:
        return ()
    names = text.encode(errors="replace").decode().split(",")
    if len(names) > MOST_NODES:
        raise ValueError("node " + TOO_MANY_NODES.format(count=len(names), most=MOST_NODES))
    return tuple(dict.fromkeys(names))


def _since_s(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e11:
        raise ValueError(NOT_A_TIME)
    return value


def _most(text: str | None) -> int:
    if text is None:
        return JobQuery().most
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MOST_RUNS:
        raise ValueError(NOT_A_NUMBER.format(most=MOST_RUNS))
    return int(text)
