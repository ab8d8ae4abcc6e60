"""What Slurm says of targets that a command has scraped itself, in words."""

from typing import NamedTuple

from fructosa_service.humanize import date

from ..slurm_states.conditions import AGENT_DEAD, DIED, LOST_BY_SLURM, NAMES, condition
from ..slurm_states.node_states import UNLISTED, NodeState
from .target_list import ListedTarget


class SlurmNote(NamedTuple):
    """What Slurm says of a target; *condition* is in words, empty if it is as it should be."""

    text: str
    condition: str


NOTHING = SlurmNote("", "")


def note(target: ListedTarget, now_s: float, *, up: bool) -> SlurmNote:
    """Return what Slurm says of a *target* that was just found up or down."""
    state = target.slurm_state
    if not state:
        return NOTHING
    if state == UNLISTED:
        return NOTHING if up else SlurmNote("", NAMES[DIED])
    found = condition(NodeState(state, target.is_expected), up=up)
    if found is None:
        return NOTHING
    words, details = state.replace("_", " "), _details(target, now_s)
    name = NAMES.get(found, found)
    if found == AGENT_DEAD:
        return SlurmNote(f"{name} ({words})", NAMES[DIED])
    if found == LOST_BY_SLURM:
        return SlurmNote(f"{name} ({words}{details})", name)
    if found == DIED:
        return SlurmNote(f"down: {words} in Slurm{details}", name)
    return SlurmNote(f"down: {words}{details}", name)


def _details(target: ListedTarget, now_s: float) -> str:
    since = "" if target.slurm_since_s is None else f" since {date(target.slurm_since_s, now_s)}"
    return since + (f', "{target.slurm_reason}"' if target.slurm_reason else "")
