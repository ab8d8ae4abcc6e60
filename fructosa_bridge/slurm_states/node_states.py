"""The state of a node in one word, and whether the node is expected to be up."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from ..slurm_output.records import NodeRecord
from ..slurm_output.vocabulary import OTHER

# What slurmctld itself writes as the reason of a node that it has set down (src/slurmctld/
# node_mgr.c, ping_nodes.c, job_mgr.c, power_save.c). It counts where SlurmUser is also the user of
# the administrators, usually root; else the user of the reason tells a person from slurmctld.
_OWN_REASONS = re.compile(
    r"Not responding|Node unexpectedly rebooted|Node (?:silently )?failed|Low |Kill task failed|"
    r"Prolog|Epilog|batch job complete failure|ResumeTimeout reached|Duplicate jobid|"
    r"gres/|Invalid |Boot |Reboot |Error |Inconsistent |NO NETWORK ADDRESS FOUND|Scheduled reboot|"
    r"Powered |Failed |slurmd |Node configuration differs|Core Spec",
    re.IGNORECASE,
)


class NodeState(NamedTuple):
    """A node as Slurm sees it: its state, and whether it should be up, see RULES.

    The reason and its user are as they were given; *since_s* is when it was, in seconds since 1970.
    """

    state: str
    is_expected: bool
    reason: str | None = None
    user: str | None = None
    since_s: float | None = None


class Rule(NamedTuple):
    """The first rule that holds for a base state and flags gives the state of a node."""

    state: str
    is_expected: bool
    holds: Callable[[str, frozenset[str]], bool]
    meaning: str


def _has(*flags: str) -> Callable[[str, frozenset[str]], bool]:
    return lambda base_state, has: not has.isdisjoint(flags)


def _is(*base_states: str) -> Callable[[str, frozenset[str]], bool]:
    return lambda base_state, has: base_state in base_states


def _both(
    one: Callable[[str, frozenset[str]], bool], other: Callable[[str, frozenset[str]], bool]
) -> Callable[[str, frozenset[str]], bool]:
    return lambda base_state, has: one(base_state, has) and other(base_state, has)


_DRAINS = _has("DRAIN", "FAIL")


def _has_jobs(base_state: str, flags: frozenset[str]) -> bool:
    return base_state in ("ALLOCATED", "MIXED") or "COMPLETING" in flags


# docs/slurm.md has this table; a test holds that they agree.
RULES = (
    Rule("future", False, _is("FUTURE"), "defined, but not there yet"),
    Rule("powering_up", False, _has("POWERING_UP"), "Slurm is switching it on"),
    Rule("powering_down", False, _has("POWERING_DOWN"), "Slurm is switching it off"),
    Rule("powered_down", False, _has("POWERED_DOWN"), "Slurm has switched it off"),
    Rule("rebooting", False, _has("REBOOT_ISSUED", "REBOOT_REQUESTED"), "Slurm is rebooting it"),
    Rule("maint", False, _has("MAINTENANCE", "MAINT"), "in a maintenance reservation"),
    Rule("draining", True, _both(_DRAINS, _has_jobs), "drained once the jobs on it have ended"),
    Rule("drained", False, _DRAINS, "takes no jobs until it is resumed"),
    Rule(
        "down",
        True,
        _is("DOWN", "ERROR"),
        "set down by slurmctld; not expected to be up if a person has set it down",
    ),
    Rule("not_responding", True, _has("NOT_RESPONDING"), "slurmctld does not reach its slurmd"),
    Rule("invalid", True, _has("INVALID_REG"), "it differs from slurm.conf"),
    Rule("completing", True, _has("COMPLETING"), "jobs on it are ending"),
    Rule("blocked", True, _has("BLOCKED"), "kept free by a job on a neighbour"),
    Rule("allocated", True, _is("ALLOCATED"), "jobs use all of its processors"),
    Rule("mixed", True, _is("MIXED"), "jobs use some of its processors"),
    Rule("reserved", True, _has("RESERVED"), "in a reservation"),
    Rule("planned", True, _has("PLANNED"), "kept free for a job that needs more nodes"),
    Rule("idle", True, _is("IDLE"), "free"),
    Rule("unknown", True, _is("UNKNOWN"), "slurmctld has not heard of it since it started"),
)
UNLISTED = "unlisted"
"""The state of a target that Slurm does not list, or that is not known yet."""
# A node in one of these takes new jobs, now or as soon as it is free.
USABLE = frozenset({"completing", "reserved", "planned", "allocated", "mixed", "idle", "blocked"})


def node_state(node: NodeRecord, slurm_user: str) -> NodeState:
    """Return the state of a node; *slurm_user* is the user that slurmctld runs as."""
    found = _state(node.base_state, node.flags)
    if node.reason is None:
        return found
    is_expected = found.is_expected
    if found.state == "down":
        is_expected = not _is_set_by_person(node, slurm_user)
    return NodeState(found.state, is_expected, node.reason, node.reason_user, node.reason_time_s)


@lru_cache(maxsize=1024)
def _state(base_state: str, flags: frozenset[str]) -> NodeState:
    """Return the state of the first rule that holds."""
    for rule in RULES:
        if rule.holds(base_state, flags):
            return NodeState(rule.state, rule.is_expected)
    return NodeState(OTHER, is_expected=True)


def _is_set_by_person(node: NodeRecord, slurm_user: str) -> bool:
    if node.reason is None or node.reason_user is None:
        return False
    if slurm_user and node.reason_user != slurm_user:
        return True
    # Administrators are root, too; and without slurmctld's configuration its user is unknown.
    return slurm_user in ("", "root") and not _OWN_REASONS.match(node.reason)
