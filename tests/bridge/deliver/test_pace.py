"""How fast the backlog goes."""

from fructosa_bridge.deliver.pace import Pace


def test_what_went_is_paid_for_in_time():
    """A thousand points at a hundred a second keep the next waiting for ten seconds."""
    pace = Pace(100, 0.0)
    assert pace.wait_s(0.0) == 0

    pace.spend(1000, 5.0)

    assert (10, 4, 0) == (pace.wait_s(5.0), pace.wait_s(11.0), pace.wait_s(15.0))


def test_time_in_which_nothing_went_is_not_saved_up():
    """A long calm gives no right to a flood."""
    pace = Pace(100, 0.0)

    pace.spend(100, 1000.0)

    assert pace.wait_s(1000.0) == 1
