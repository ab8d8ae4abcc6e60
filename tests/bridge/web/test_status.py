"""The status of targets, destinations and the queue."""

from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.queue.journal import Journal
from fructosa_bridge.queue.segments import Segments
from fructosa_bridge.web.status import (
    TargetFilter,
    counts_by_state,
    destination_status,
    filtered,
    queue_status,
    target_status,
    worst_first,
)

from ..fake_status import FakeStatus, delivery, down, state, up
from ..known_slurm import node, slurm
from ..queues import spool_of


def test_the_status_of_a_target_has_plain_numbers():
    """Times since 1970 and durations in seconds, not formatted."""
    status = target_status(
        down("node7", "gpu", "refused", due_s=12.0, duration_s=0.25, missed=3, down_since_s=9.0)
    )

    assert {
        "name": "node7:9888",
        "group": "gpu",
        "path": "cluster.node7",
        "url": "http://node7:9888/metrics",
        "state": "down",
        "down_since_s": 9.0,
        "last_scrape_s": 12.0,
        "duration_s": 0.25,
        "samples": 0,
        "interval_s": 10,
        "missed": 3,
        "scrapes": 5,
        "failures": 2,
        "error": "refused",
        "clock_off_s": None,
        "warning": None,
        "slurm_state": None,
        "slurm_reason": None,
        "slurm_since_s": None,
        "slurm_user": None,
        "is_expected": True,
        "condition": None,
    } == status


def test_what_is_unknown_of_a_target_is_none():
    """The duration of a scrape that never happened is not zero."""
    status = target_status(state())

    assert ("waiting", None, None) == tuple(
        status[key] for key in ("state", "last_scrape_s", "duration_s")
    )


def test_targets_are_counted_by_state():
    """States without targets are counted as 0."""
    assert {"down": 1, "waiting": 0, "up": 2} == counts_by_state([up("a"), down("b"), up("c")])


def test_targets_are_filtered_by_state_group_and_text():
    """All must match; text is searched for in name, group and error, ignoring case."""
    states = [up("n1", "gpu"), down("n2", "gpu", "Refused"), down("n3", "cpu", "reset")]

    def names(**filters):
        return [one.target.host for one in filtered(states, TargetFilter(**filters))]

    assert ["n1", "n2", "n3"] == names()
    assert ["n2", "n3"] == names(state="down")
    assert ["n2"] == names(state="down", group="gpu")
    assert ["n2"] == names(text="REFUSED gpu")
    assert ["n1"] == names(text="N1")
    assert [] == names(text="n1 refused")


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_part_of_an_error_finds_its_target(text, error):
    """Whatever characters it has."""
    states = [down(error=error + text)]

    assert states == filtered(states, TargetFilter(text=text))


def test_targets_are_sorted_by_state():
    """Those that are down come first; within a state, the order is that of the configuration."""
    states = [up("a"), down("b"), state("c"), down("d")]

    assert ["b", "d", "c", "a"] == [one.target.host for one in worst_first(states)]


def test_targets_that_are_down_as_planned_come_after_those_that_died():
    """Whoever looks at the table wants to see the dead ones."""
    states = [up("a"), down("drained"), down("dead"), state("new")]
    known = slurm(node("drained", "IDLE+DRAIN"), node("dead", "IDLE"))

    order = [one.target.host for one in worst_first(states, known)]

    assert ["dead", "drained", "new", "a"] == order


def test_a_destination_is_down_with_an_error_and_up_after_a_delivery():
    """Before the first delivery it is waiting."""
    rows = [
        destination_status(delivery()),
        destination_status(delivery(delivered_points=3)),
        destination_status(delivery(delivered_points=3, last_error="refused")),
    ]

    assert ["waiting", "up", "down"] == [row["state"] for row in rows]
    assert [None, None, "refused"] == [row["error"] for row in rows]


def test_dropped_points_are_counted_by_reason():
    """And in total."""
    losing = delivery()
    losing.spool.dropped.update({"full": 5, "old": 2})

    status = destination_status(losing)

    assert (7, {"full": 5, "old": 2}) == (status["dropped"], status["dropped_by_reason"])


def test_the_queue_is_reported_once_with_its_limits(tmp_path):
    """Several destinations share it."""
    journal = Journal(Segments(tmp_path, 2**20, 60))
    journal.error = "no space left"
    sharing = [delivery(spool=spool_of(journal, 1000, name)) for name in ("a", "b")]

    status = queue_status(FakeStatus(deliveries=sharing, queue_limits=(2**20, 60)))

    assert {
        "folder": str(tmp_path),
        "bytes": 0,
        "limit_bytes": 2**20,
        "age_s": 0.0,
        "limit_age_s": 60,
        "torn_bytes": 0,
        "error": "no space left",
    } == status


def test_without_a_queue_on_disk_there_is_no_status():
    """Points are queued in memory only."""
    assert queue_status(FakeStatus(deliveries=[delivery()])) is None
