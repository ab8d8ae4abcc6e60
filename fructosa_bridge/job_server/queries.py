"""From the parameters of a request to a question for the archive."""

import re
from collections.abc import Mapping

from fructosa_service.errors import did_you_mean, shown

from ..job_archive.look_ups import JobQuery
from ..slurm_output.vocabulary import JOB_STATES

MOST_RUNS = 10_000
_WHOLE = re.compile("[0-9]{1,9}")
_NAMES = ("user", "account", "state", "node", "partition", "since", "most")
NO_SUCH_JOB = "no job {name} is known here, or it is not yours"
UNKNOWN = "{name} is not a parameter; use {names}"
NOT_A_STATE = "{state} is not a state of jobs{hint}; write one as Slurm does, e.g. FAILED"
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
        state=_state(parameters.get("state")),
        node=_name(parameters.get("node")),
        partition=_name(parameters.get("partition")),
        since_s=_since_s(parameters.get("since")),
        most=_most(parameters.get("most")),
    )


def _name(text: str | None) -> str | None:
    return None if text is None else text.encode(errors="replace").decode()


def _state(text: str | None) -> str | None:
    if text is None:
        return None
    state = text.upper()
    if state not in JOB_STATES:
        raise ValueError(
            NOT_A_STATE.format(state=shown(text), hint=did_you_mean(state, JOB_STATES))
        )
    return state


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
