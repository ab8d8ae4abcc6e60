"""The log of targets that go down and come up, which is never a flood."""

import pytest

from fructosa_bridge.model.target import Target
from fructosa_bridge.scrape.change_log import (
    AND_MORE,
    DOWN,
    MORE_DOWN,
    MORE_UP,
    OTHER_ERRORS,
    UP_AGAIN,
    ChangeLog,
)
from fructosa_bridge.scrape.scrape_errors import UNKNOWN_HOST, without_host


class Later:
    """Calls that are due after some seconds."""

    def __init__(self):
        self.delays_s, self._calls = [], []

    def __call__(self, delay_s, call):
        """Remember a call."""
        self.delays_s.append(delay_s)
        self._calls.append(call)

    def run(self):
        """Make all calls that were remembered so far."""
        calls, self._calls = self._calls, []
        for call in calls:
            call()


@pytest.fixture
def later():
    """Calls that the test makes."""
    return Later()


@pytest.fixture
def lines(caplog):
    """The lines of the log, with their levels; each is returned once."""
    caplog.set_level("INFO")

    def take():
        taken = [(record.levelname, record.getMessage()) for record in caplog.records]
        caplog.clear()
        return taken

    return take


def target(number, group="a", **more):
    """Return a target."""
    host = f"n{number:04}"
    return Target(group=group, host=host, port=9888, graphite_path=host, **more)


def down(number, error="bad", group="a"):
    """Return the line of a target that is down."""
    return "WARNING", DOWN.format(target=target(number, group).identity, error=error)


def up(number):
    """Return the line of a target that is up again."""
    return "INFO", UP_AGAIN.format(target=target(number).identity)


def names(first, count):
    """Return the first names of some targets, and how many more there are."""
    some = ", ".join(target(number).name for number in range(first, first + min(3, count)))
    return some + (AND_MORE.format(count=count - 3) if count > 3 else "")


def more(count, first, error="bad", group="a"):
    """Return the line for several targets that are down."""
    values = {"section": group, "count": count, "error": error, "names": names(first, count)}
    return "WARNING", MORE_DOWN.format(**values)


def test_single_changes_are_logged_at_once(later, lines):
    """In each section."""
    log = ChangeLog(later)

    log.add(target(1), "bad")
    log.add(target(1, group="b"), "worse")
    log.add(target(1), None)

    assert [down(1), down(1, "worse", "b"), up(1)] == lines()
    later.run()
    assert [] == lines()


def test_a_thousand_targets_that_are_down_at_a_start_have_a_few_lines(later, lines):
    """The first ones, and one for each kind of error with the first names."""
    log = ChangeLog(later)

    for number in range(1000):
        host = target(number).host
        log.add(target(number), UNKNOWN_HOST.format(host=host, reason="no such name"))
    first = lines()
    later.run()

    kind = without_host(UNKNOWN_HOST.format(host="x", reason="no such name"), "x")
    assert 3 == len(first)
    assert [more(997, first=3, error=kind)] == lines()


def test_a_period_is_a_round_of_scrapes_within_limits(later, lines):
    """So a start is one summary, and a summary does not come too late."""
    log = ChangeLog(later)
    for group, interval_s, timeout_s in (("a", 10, 5), ("b", 1, 1), ("c", 3600, 5)):
        log.add(target(1, group, interval_s=interval_s, timeout_s=timeout_s), "bad")

    assert [15, 5, 60] == later.delays_s
    assert 3 == len(lines())


def test_after_a_quiet_period_single_changes_are_logged_again(later, lines):
    """As before the storm."""
    log = ChangeLog(later)
    for number in range(10):
        log.add(target(number), "bad")
    later.run()
    lines()

    log.add(target(1), None)

    assert [up(1)] == lines()


def test_only_the_last_change_of_a_target_is_counted(later, lines):
    """Of one that goes down and up, as while a switch restarts; a single one keeps its line."""
    log = ChangeLog(later)
    for number in range(3):
        log.add(target(number), "bad")
    for number in range(3, 8):
        log.add(target(number), "bad")
        log.add(target(number), None)
    log.add(target(8), "odd")
    lines()

    later.run()

    back = MORE_UP.format(section="a", count=5, names=names(3, 5))
    assert [("INFO", back), down(8, "odd")] == lines()


def test_errors_that_differ_do_not_make_a_flood_either(later, lines):
    """Some are counted together."""
    log = ChangeLog(later)
    for number in range(103):
        log.add(target(number), f"error {number}")
    lines()

    later.run()

    found = lines()
    assert 6 == len(found)
    assert ("WARNING", OTHER_ERRORS.format(section="a", count=95)) == found[-1]


def test_what_is_held_back_is_logged_before_the_end(later, lines):
    """And not again afterwards."""
    log = ChangeLog(later)
    for number in range(5):
        log.add(target(number), "bad")
    lines()

    log.flush()

    assert [more(2, first=3)] == lines()
    later.run()
    assert [] == lines()
