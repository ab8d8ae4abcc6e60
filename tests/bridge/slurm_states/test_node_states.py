"""The state of a node, and whether it is expected to be up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.slurm_output import scontrol
from fructosa_bridge.slurm_output.vocabulary import NODE_BASE_STATES, NODE_FLAGS, OTHER
from fructosa_bridge.slurm_states.node_states import RULES, USABLE, NodeState, node_state
from tests.bridge.slurm_output.outputs import HERE, recorded

NODE = scontrol.parse(recorded("scontrol")).nodes[0]._replace(reason=None, reason_user=None)
BY_SLURMCTLD = "Not responding"
states = st.sampled_from(sorted(NODE_BASE_STATES))
flags = st.frozensets(st.sampled_from(sorted(NODE_FLAGS)))


def node(text, reason=None, user=None):
    """Return a node with a state as scontrol prints it, and a reason."""
    base_state, node_flags = scontrol._state(text)
    return NODE._replace(
        base_state=base_state, flags=node_flags, reason=reason, reason_user=user, reason_time_s=1.0
    )


@pytest.mark.parametrize(
    ("text", "state", "is_expected"),
    [
        ("IDLE", "idle", True),
        ("MIXED", "mixed", True),
        ("ALLOCATED", "allocated", True),
        ("ALLOCATED+COMPLETING", "completing", True),
        ("IDLE+PLANNED", "planned", True),
        ("IDLE+RESERVED", "reserved", True),
        ("MIXED+BLOCKED", "blocked", True),
        ("UNKNOWN", "unknown", True),
        ("IDLE+NOT_RESPONDING", "not_responding", True),
        ("IDLE+INVALID_REG", "invalid", True),
        # Drained: not expected, but while it still runs jobs.
        ("IDLE+DRAIN", "drained", False),
        ("IDLE+DRAIN+NOT_RESPONDING", "drained", False),
        ("DOWN+DRAIN", "drained", False),
        ("IDLE+FAIL", "drained", False),
        ("MIXED+DRAIN", "draining", True),
        ("ALLOCATED+DRAIN", "draining", True),
        ("IDLE+COMPLETING+DRAIN", "draining", True),
        ("MIXED+FAIL", "draining", True),
        # In a maintenance reservation, also with jobs, and also down or drained.
        ("IDLE+MAINTENANCE+RESERVED", "maint", False),
        ("MIXED+MAINT", "maint", False),
        ("DOWN+MAINTENANCE+RESERVED", "maint", False),
        ("IDLE+DRAIN+MAINTENANCE", "maint", False),
        # Power saving.
        ("IDLE+CLOUD+POWERED_DOWN", "powered_down", False),
        ("IDLE+POWERED_DOWN+DRAIN", "powered_down", False),
        ("DOWN+POWERED_DOWN", "powered_down", False),
        ("IDLE+POWERING_DOWN", "powering_down", False),
        ("ALLOCATED+NOT_RESPONDING+POWERING_UP", "powering_up", False),
        ("IDLE+CLOUD", "idle", True),
        ("IDLE+POWER_DOWN", "idle", True),
        # Reboots by Slurm.
        ("DOWN+REBOOT_ISSUED", "rebooting", False),
        ("IDLE+DRAIN+REBOOT_REQUESTED", "rebooting", False),
        ("FUTURE", "future", False),
        ("FUTURE+DYNAMIC_FUTURE", "future", False),
        ("DOWN", "down", True),
        ("DOWN+NOT_RESPONDING", "down", True),
        ("ERROR", "down", True),
        # A letter behind the state, as sinfo prints it; and what is new to us.
        ("DOWN*", "down", True),
        ("IDLE+WARP", "idle", True),
        ("WARPED", OTHER, True),
        ("INVALID+?", OTHER, True),
    ],
)
def test_the_first_rule_that_holds_gives_the_state(text, state, is_expected):
    """Without a reason."""
    assert NodeState(state, is_expected) == node_state(node(text), "slurm")


@pytest.mark.parametrize(
    ("reason", "user", "slurm_user", "is_expected"),
    [
        # slurmctld runs as a user of its own: every reason of another user is a person's.
        (BY_SLURMCTLD, "slurm", "slurm", True),
        ("bad DIMM", "slurm", "slurm", True),
        ("bad DIMM", "root", "slurm", False),
        (BY_SLURMCTLD, "root", "slurm", False),
        # slurmctld runs as root, as which administrators set nodes down, too: its words tell.
        (BY_SLURMCTLD, "root", "root", True),
        ("Node unexpectedly rebooted", "root", "root", True),
        ("ResumeTimeout reached", "root", "root", True),
        ("Low RealMemory (reported:1 < 100.00% of configured:2)", "root", "root", True),
        ("Kill task failed", "root", "root", True),
        ("bad DIMM", "root", "root", False),
        ("it is not responding", "root", "root", False),
        ("Not responding", "admin", "root", False),
        # Nobody knows who.
        ("bad DIMM", None, "slurm", True),
        # The configuration could not be read: slurmctld's words tell.
        (BY_SLURMCTLD, "slurm", "", True),
        ("bad DIMM", "root", "", False),
    ],
)
def test_a_node_that_is_down_is_expected_unless_a_person_has_set_it_down(
    reason, user, slurm_user, is_expected
):
    """Otherwise the alert of a dead node would end as soon as slurmctld notices it."""
    found = node_state(node("DOWN+NOT_RESPONDING", reason, user), slurm_user)

    assert NodeState("down", is_expected, reason, user, 1.0) == found


def test_a_person_s_reason_changes_no_other_state():
    """A reason stays when a node is resumed in some ways, or reboots."""
    assert node_state(node("IDLE", "bad DIMM", "root"), "slurm").is_expected
    assert not node_state(node("DOWN+DRAIN", BY_SLURMCTLD, "slurm"), "slurm").is_expected
    assert node_state(node("IDLE+NOT_RESPONDING", "x", "root"), "slurm").is_expected


@given(states, flags)
def test_every_combination_has_a_state_of_the_table(base_state, node_flags):
    """And nothing but the issue's states lowers the expectation."""
    found = node_state(NODE._replace(base_state=base_state, flags=node_flags), "slurm")

    assert found.state in {rule.state for rule in RULES}
    unexpected = {
        *("DRAIN", "FAIL", "MAINT", "MAINTENANCE", "POWERED_DOWN", "POWERING_DOWN", "POWERING_UP"),
        *("REBOOT_ISSUED", "REBOOT_REQUESTED"),
    }
    assert found.is_expected or base_state == "FUTURE" or node_flags & unexpected


@given(states, flags, st.sampled_from(["", "?", "WARP"]))
def test_a_flag_that_is_new_changes_nothing(base_state, node_flags, new):
    """Slurm gets new ones with every version."""
    one = NODE._replace(base_state=base_state, flags=node_flags)

    assert node_state(one, "slurm") == node_state(one._replace(flags=node_flags | {new}), "slurm")


def test_states_in_which_a_node_takes_jobs_are_states_in_which_it_is_expected():
    """The others are 'other' in the figures of CPUs, memory and GPUs."""
    rules = {rule.state: rule for rule in RULES}

    assert rules.keys() > USABLE
    assert all(rules[state].is_expected for state in USABLE)
    assert len(RULES) == len(rules)


def test_docs_have_the_table_of_states():
    """Each state, whether the node is expected, and what it means."""
    text = (HERE.parents[2] / "docs" / "slurm.md").read_text()

    for rule in RULES:
        expected = "yes" if rule.is_expected else "no"
        assert f"| `{rule.state}` | {expected} | {rule.meaning} |" in text


def test_the_recorded_nodes_have_the_states_that_a_person_sees():
    """SlurmUser was root there."""
    nodes = scontrol.parse(recorded("scontrol")).nodes
    found = {one.name: node_state(one, "root")[:2] for one in nodes}

    assert {
        "cpu1": ("drained", False),
        "cpu2": ("mixed", True),
        "cpu3": ("draining", True),
        "cpu4": ("allocated", True),
        "dead1": ("down", True),
        "later1": ("future", False),
        "plain1": ("draining", True),
        "spare1": ("maint", False),
        "typed1": ("mixed", True),
    } == found
