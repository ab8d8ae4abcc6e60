"""What a target and Slurm together say of a node."""

import pytest

from fructosa_bridge.slurm_states.conditions import CONDITIONS, NAMES, condition, counts, is_among
from fructosa_bridge.slurm_states.node_states import RULES, UNLISTED, NodeState, node_state

from ..known_slurm import SLURM_USER, node


def found(state, *, up, **values):
    """Return the condition of a target whose node is in a state of Slurm."""
    return condition(node_state(node("n1", state, **values), SLURM_USER), up=up)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("IDLE", "died"),
        ("DOWN+NOT_RESPONDING", "died"),
        ("IDLE+NOT_RESPONDING", "died"),
        ("ALLOCATED+NOT_RESPONDING", "died"),
        ("ALLOCATED+DRAIN", "died"),
        ("ALLOCATED", "agent_dead"),
        ("MIXED", "agent_dead"),
        ("IDLE+COMPLETING", "agent_dead"),
        ("IDLE+DRAIN", "drained"),
        ("DOWN+DRAIN", "drained"),
        ("IDLE+MAINTENANCE", "maintenance"),
        ("IDLE+POWERED_DOWN", "powered_down"),
        ("IDLE+POWERING_UP", "powered_down"),
        ("IDLE+POWERING_DOWN", "powered_down"),
        ("DOWN+REBOOT_ISSUED", "rebooting"),
        ("FUTURE", "future"),
    ],
)
def test_a_target_that_is_down_died_unless_slurm_says_why(state, expected):
    """Drained is not dead; where jobs run, only lagent is."""
    assert expected == found(state, up=False)


def test_a_node_that_a_person_set_down_did_not_die():
    """One that slurmctld set down did."""
    reasons = {"alice": "disk", SLURM_USER: "Not responding"}

    conditions = [found("DOWN", up=False, reason=reasons[by], by=by) for by in reasons]

    assert ["set_down", "died"] == conditions


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("DOWN", "lost_by_slurm"),
        ("DOWN+NOT_RESPONDING", "lost_by_slurm"),
        ("IDLE+NOT_RESPONDING", "lost_by_slurm"),
        ("IDLE", None),
        ("IDLE+DRAIN", None),
        ("IDLE+POWERED_DOWN", None),
    ],
)
def test_a_target_that_is_up_may_be_lost_by_slurm(state, expected):
    """A drained node may well be up."""
    assert expected == found(state, up=True)


def test_before_the_first_scrape_there_is_no_condition():
    """Nothing is known yet."""
    assert found("DOWN", up=None) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.state)
@pytest.mark.parametrize("is_expected", [True, False])
def test_each_state_has_a_condition_with_a_name(rule, is_expected):
    """Whatever rules are added: a target that is down is never without a cause."""
    if is_expected and not rule.is_expected:
        return
    if not is_expected and rule.is_expected and rule.state != "down":
        return

    assert condition(NodeState(rule.state, is_expected), up=False) in NAMES


def test_targets_are_counted_by_section_and_condition():
    """All conditions of a section are there, so that no series comes and goes."""
    alive, dead, unlisted = NodeState("idle", True), NodeState("mixed", True), UNLISTED

    found = counts(
        [
            ("gpu", dead, False),
            ("gpu", alive, False),
            ("gpu", alive, True),
            ("login", NodeState(unlisted, True), False),
        ]
    )

    assert {(section, name) for section in ("gpu", "login") for name in CONDITIONS} == set(found)
    assert {
        ("gpu", "died"): 2,
        ("gpu", "agent_dead"): 1,
        ("login", "died"): 1,
        ("login", "unmatched"): 1,
    } == {key: number for key, number in found.items() if number}


def test_where_lagent_is_dead_the_target_died_too():
    """Slurm takes some minutes until it notices that a node is gone."""
    assert is_among("agent_dead", "died")
    assert not is_among("died", "agent_dead")
    assert not is_among(None, "died")
