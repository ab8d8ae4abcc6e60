"""The state of a node in one word, and whether the node is expected to be up."""

import re
from collections.abc import Callable
from typing import NamedTuple

from ..slurm_output.records import NodeRecord
from ..slurm_output.vocabulary import NODE_BASE_STATES, OTHER

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
    """The first rule that holds for a node gives its state and whether it should be up."""

    state: str
    is_expected: bool
    holds: Callable[[NodeRecord], bool]
    meaning: str


def _has(*flags: str) -> Callable[[NodeRecord], bool]:
    return lambda node: not node.flags.isdisjoint(flags)


def _is(base_state: str) -> Callable[[NodeRecord], bool]:
    return lambda node: node.base_state == base_state


def _is_down(node: NodeRecord) -> bool:
    return node.base_state in ("DOWN", "ERROR")


# docs/slurm.md has this table; a test holds that they agree.
RULES = (
    Rule("future", False, _is("FUTURE"), "defined, but not there yet"),
    Rule("powering_up", False, _has("POWERING_UP"), "Slurm is switching it on"),
    Rule("powering_down", False, _has("POWERING_DOWN"), "Slurm is switching it off"),
    Rule("powered_down", False, _has("POWERED_DOWN"), "Slurm has switched it off"),
    Rule("rebooting", False, _has("REBOOT_ISSUED", "REBOOT_REQUESTED"), "Slurm is rebooting it"),
    Rule("maint", False, _has("MAINTENANCE", "MAINT"), "in a maintenance reservation"),
    Rule(
        "draining",
        True,
        lambda node: bool(node.flags & {"DRAIN", "FAIL"}) and node.has_jobs,
        "drained once the jobs on it have ended",
    ),
    Rule("drained", False, _has("DRAIN", "FAIL"), "takes no jobs until it is resumed"),
    Rule("down", True, _is_down, "slurmctld has set it down, or a person has (then not expected)"),
    Rule("not_responding", True, _has("NOT_RESPONDING"), "slurmctld does not reach its slurmd"),
    Rule("invalid", True, _has("INVALID_REG"), "it differs from slurm.conf"),
    Rule("completing", True, _has("COMPLETING"), "jobs on it are ending"),
    Rule("blocked", True, _has("BLOCKED"), "kept free by a job on a neighbour"),
    Rule("reserved", True, lambda node: _has("RESERVED")(node) and not node.has_jobs, "reserved"),
    Rule("planned", True, _has("PLANNED"), "kept free for a job that needs more nodes"),
    Rule("allocated", True, _is("ALLOCATED"), "jobs use all of its processors"),
    Rule("mixed", True, _is("MIXED"), "jobs use some of its processors"),
    Rule("idle", True, _is("IDLE"), "free"),
    Rule("unknown", True, _is("UNKNOWN"), "slurmctld has not heard of it since it started"),
)
# A node in one of these takes new jobs, now or as soon as it is free.
USABLE = frozenset({"completing", "reserved", "planned", "allocated", "mixed", "idle", "blocked"})


def node_state(node: NodeRecord, slurm_user: str) -> NodeState:
    """Return the state of a node; *slurm_user* is the user that slurmctld runs as."""
    rule = next((rule for rule in RULES if rule.holds(node)), None)
    state, is_expected = (OTHER, True) if rule is None else (rule.state, rule.is_expected)
    if state == "down" and node.base_state in NODE_BASE_STATES:
        is_expected = not _is_set_by_person(node, slurm_user)
    return NodeState(state, is_expected, node.reason, node.reason_user, node.reason_time_s)


def _is_set_by_person(node: NodeRecord, slurm_user: str) -> bool:
    if node.reason is None or node.reason_user is None:
        return False
    if node.reason_user != slurm_user:
        return True
    return slurm_user == "root" and not _OWN_REASONS.match(node.reason)
