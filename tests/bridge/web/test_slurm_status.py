"""What Slurm says of lmaster's targets, as plain values."""

from fructosa_bridge.slurm_states.unmatched import NO_NODE, NO_SECTION
from fructosa_bridge.web.slurm_status import slurm_fields, slurm_status

from ..fake_status import down, up
from ..known_slurm import node, slurm

DRAINED = node("n1", "IDLE+DRAIN", "bad DIMM", by="alice", since_s=1e9)


def test_a_target_has_state_reason_and_time_of_its_node():
    """And whether it should be up."""
    found = slurm_fields(down("n1"), slurm(DRAINED))

    assert {
        "slurm_state": "drained",
        "slurm_reason": "bad DIMM",
        "slurm_since_s": 1e9,
        "slurm_user": None,
        "is_expected": False,
        "condition": "drained",
    } == found


def test_who_set_the_reason_is_shown_on_request_only():
    """Names of people are private."""
    shown = slurm_fields(down("n1"), slurm(DRAINED, has_reason_user=True))

    assert "alice" == shown["slurm_user"]
    assert "alice" not in slurm_fields(down("n1"), slurm(DRAINED)).values()


def test_a_target_that_slurm_does_not_list_should_be_up():
    """As without Slurm."""
    found = slurm_fields(down("login"), slurm(DRAINED))

    assert ("unlisted", True, "died") == (
        found["slurm_state"],
        found["is_expected"],
        found["condition"],
    )


def test_while_slurmctld_is_away_its_last_states_stay():
    """With the time of the reading."""
    found = slurm_status([down("n1")], slurm(DRAINED, time_s=12.0, is_up=False))

    assert (False, 12.0, {"drained": 1}) == (found["is_up"], found["time_s"], found["states"])


def test_targets_and_nodes_that_do_not_match_are_listed():
    """What Slurm has switched off is scraped by nobody."""
    nodes = [DRAINED, node("n2"), node("off", "IDLE+POWERED_DOWN"), node("new", "FUTURE")]

    found = slurm_status([up("n1"), up("login")], slurm(*nodes))

    assert [
        NO_NODE.format(count=1, hosts=2, names="login"),
        NO_SECTION.format(count=1, names="n2"),
    ] == found["mismatches"]


def test_without_slurm_there_is_no_status():
    """Not an empty one."""
    assert slurm_status([down("n1")], None) is None
