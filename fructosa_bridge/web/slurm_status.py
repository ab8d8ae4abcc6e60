"""What Slurm says of lmaster's targets, as plain values for the page of targets and JSON."""

from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from ..scrape.target_state import TargetState
from ..slurm.monitor import UNKNOWN, SlurmMonitor
from ..slurm_states.conditions import CONDITIONS, condition


class SlurmFields(TypedDict):
    """What Slurm says of a target; without [slurm], and before the first reading, nothing.

    ``slurm_state`` is the state of its node (see docs/slurm.md), or ``unlisted``. The reason is
    what slurmctld or a person gave for it at ``slurm_since_s``, in seconds since 1970;
    ``slurm_user`` who that was, with ``reason user = yes`` in [slurm]. ``is_expected`` is whether
    the node should be up. ``condition`` says more if the target is down, or if it is up and Slurm
    says that it is down.
    """

    slurm_state: str | None
    slurm_reason: str | None
    slurm_since_s: float | None
    slurm_user: str | None
    is_expected: bool
    condition: str | None


class SlurmStatus(TypedDict):
    """Slurm and all targets: ``is_up`` is whether slurmctld responds, None before the first try.

    ``time_s`` is when it was last read; ``states`` and ``conditions`` are the numbers of targets,
    ``mismatches`` lines about targets that match no node, and the like.
    """

    is_up: bool | None
    time_s: float | None
    states: dict[str, int]
    conditions: dict[str, int]
    mismatches: list[str]


def slurm_fields(state: TargetState, slurm: SlurmMonitor | None) -> SlurmFields:
    """Return what *slurm* says of a target."""
    is_known = slurm is not None and bool(slurm.states)
    node = UNKNOWN if slurm is None else slurm.find(state.target.host)
    shows_user = slurm is not None and slurm.settings.has_reason_user
    return {
        "slurm_state": node.state if is_known else None,
        "slurm_reason": node.reason,
        "slurm_since_s": node.since_s,
        "slurm_user": node.user if shows_user else None,
        "is_expected": node.is_expected,
        "condition": condition(node, up=state.up) if is_known else None,
    }


def slurm_status(states: Sequence[TargetState], slurm: SlurmMonitor | None) -> SlurmStatus | None:
    """Return the status of Slurm, or None without [slurm].

    It takes tens of milliseconds for 10,000 targets.
    """
    if slurm is None:
        return None
    found: SlurmStatus = {
        "is_up": slurm.is_up,
        "time_s": None if slurm.reading is None else slurm.reading.time_s,
        "states": {},
        "conditions": dict.fromkeys(CONDITIONS, 0),
        "mismatches": [],
    }
    if slurm.states:
        hosts = [state.target.host for state in states]
        found["states"] = dict(Counter(slurm.find(host).state for host in hosts))
        for (_, name), count in slurm.conditions(states).items():
            found["conditions"][name] += count
        found["mismatches"] = list(slurm.unmatched(hosts).lines())
    return found
