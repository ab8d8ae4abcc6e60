"""What Slurm says of targets that a command has scraped itself."""

import time

import pytest

from fructosa_bridge.client import target_list
from fructosa_bridge.client.slurm_notes import NOTHING, note
from fructosa_bridge.slurm_states.conditions import AGENT_DEAD, LOST_BY_SLURM, NAMES

from ..fake_master import targets_json
from ..fake_status import down
from ..known_slurm import node, slurm

NOVEMBER_3 = time.mktime((2026, 11, 3, 12, 0, 0, 0, 0, -1))
NOW_S = NOVEMBER_3 + 30 * 86400


def note_of(known, *, up=False):
    """Return the note on a target n1 of an lmaster with this Slurm."""
    (target,) = target_list.parse(targets_json(down("n1"), slurm=known))
    return note(target, NOW_S, up=up)


@pytest.mark.parametrize(
    ("state", "reason", "text", "condition"),
    [
        ("IDLE+DRAIN", "bad DIMM", 'down: drained since 3 Nov, "bad DIMM"', "drained"),
        ("IDLE+POWERED_DOWN", None, "down: powered down", "powered down"),
        ("IDLE", None, "down: idle in Slurm", "died"),
        (
            "DOWN+NOT_RESPONDING",
            "Not responding",
            'down: down in Slurm since 3 Nov, "Not responding"',
            "died",
        ),
        ("MIXED", None, f"{NAMES[AGENT_DEAD]} (mixed)", "died"),
    ],
)
def test_a_note_says_why_a_target_is_down(state, reason, text, condition):
    """Since when, and what was given as the reason."""
    since_s = None if reason is None else NOVEMBER_3

    found = note_of(slurm(node("n1", state, reason, since_s=since_s)))

    assert (text, condition) == found


def test_a_target_that_responds_though_slurm_has_lost_it_is_noted():
    """Its slurmd is dead, not the node."""
    found = note_of(slurm(node("n1", "DOWN", "Not responding")), up=True)

    assert f'{NAMES[LOST_BY_SLURM]} (down, "Not responding")' == found.text


@pytest.mark.parametrize("known", [None, slurm()])
def test_without_slurm_there_is_no_note(known):
    """Nor before the first reading."""
    assert NOTHING == note_of(known)


def test_of_a_target_that_slurm_does_not_list_there_is_nothing_to_say():
    """But if it is down, it died."""
    known = slurm(node("other"))

    assert [("", "died"), NOTHING] == [note_of(known), note_of(known, up=True)]


def test_what_would_control_a_terminal_is_left_out():
    """Whoever sets a reason may write anything."""
    found = note_of(slurm(node("n1", "IDLE+DRAIN", "a\x1b[2Jb")))

    assert "\x1b" not in found.text
