"""What a target and Slurm together say of a node: it died, it is drained, Slurm has lost it ..."""

from collections.abc import Iterable

from .node_states import UNLISTED, NodeState

DIED = "died"
AGENT_DEAD = "agent_dead"
LOST_BY_SLURM = "lost_by_slurm"
UNMATCHED = "unmatched"
NAMES = {
    DIED: "died",
    AGENT_DEAD: "lagent is dead though Slurm runs jobs there",
    LOST_BY_SLURM: "Slurm has lost it though lagent responds",
    "drained": "drained",
    "set_down": "set down by a person",
    "maintenance": "maintenance",
    "powered_down": "powered down",
    "rebooting": "rebooting",
    "future": "not there yet",
}
"""The conditions, the worst first, as people read them.

A target that is down died if it is expected to be up, which includes those where lagent alone is
dead; else it has the condition that Slurm gives as the cause.
"""

CONDITIONS = (*NAMES, UNMATCHED)
"""The conditions that are counted. A target is unmatched if Slurm does not list it."""

# Of the states of a node that is not expected to be up; see node_states.RULES.
_PLANNED = {
    "down": "set_down",
    "maint": "maintenance",
    "powering_up": "powered_down",
    "powering_down": "powered_down",
}
_LOST = frozenset({"down", "not_responding"})
_RUNS_JOBS = frozenset({"allocated", "mixed", "completing"})


def condition(node: NodeState, *, up: bool | None) -> str | None:
    """Return the condition of a target, or None if it is as it should be, or not scraped yet.

    *up* is whether its last scrape succeeded.
    """
    if up is None:
        return None
    if up:
        return LOST_BY_SLURM if node.is_expected and node.state in _LOST else None
    if not node.is_expected:
        return _PLANNED.get(node.state, node.state)
    return AGENT_DEAD if node.state in _RUNS_JOBS else DIED


def counts(
    targets: Iterable[tuple[str, NodeState, bool | None]],
) -> dict[tuple[str, str], int]:
    """Return the number of targets by section and condition, 0 included.

    Each target is its section, its node, and whether its last scrape succeeded.
    """
    found: dict[tuple[str, str], int] = {}
    for section, node, up in targets:
        if (section, DIED) not in found:
            found |= {(section, name): 0 for name in CONDITIONS}
        name = condition(node, up=up)
        if name is not None:
            found[section, name] += 1
        if name == AGENT_DEAD:
            found[section, DIED] += 1
        if node.state == UNLISTED:
            found[section, UNMATCHED] += 1
    return found


def is_among(found: str | None, wanted: str) -> bool:
    """Return whether a condition that was *found* counts as the one that is *wanted*."""
    return found == wanted or (wanted == DIED and found == AGENT_DEAD)
