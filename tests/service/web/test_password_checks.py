"""Checks of passwords, one at a time, in a thread of their own."""

import gc
import threading
import time
from queue import Queue

import pytest

from fructosa_service.web.password_checks import PasswordChecks, Verdict


class Users:
    """Fake users: a header is right if it begins so. Checks wait for *may_go_on*."""

    def __init__(self):
        self.verdicts = {}
        self.checked = []
        self.may_go_on = threading.Event()

    def known(self, authorization):
        """Return the verdict that was stored."""
        return self.verdicts.get(authorization)

    def check(self, authorization):
        """Return whether it is right, and store that."""
        assert self.may_go_on.wait(30)
        self.checked.append(authorization)
        if authorization == "broken":
            raise ZeroDivisionError
        self.verdicts[authorization] = authorization.startswith("right")
        return self.verdicts[authorization]


class Lab:
    """Checks, and what they report."""

    def __init__(self):
        self.users = Users()
        self.rests = []
        self.reports = Queue()
        self.checks = PasswordChecks(self.users, self.rests.append)

    def submit(self, authorization):
        """Return the verdict that is known at once."""
        return self.checks.submit(
            authorization, lambda verdict: self.reports.put((authorization, verdict))
        )

    def wait(self, number):
        """Return so many reports."""
        return [self.reports.get(timeout=30) for _ in range(number)]


@pytest.fixture
def lab():
    """Checks that may go on."""
    made = Lab()
    made.users.may_go_on.set()
    yield made
    made.users.may_go_on.set()


def test_a_request_without_a_header_is_wrong_at_once(lab):
    """Nothing is checked."""
    assert Verdict.WRONG is lab.submit(None)
    assert [] == lab.users.checked


def test_a_stored_verdict_is_returned_at_once(lab):
    """Whether right or wrong."""
    lab.users.verdicts = {"right": True, "wrong": False}

    assert [Verdict.RIGHT, Verdict.WRONG] == [lab.submit("right"), lab.submit("wrong")]
    assert [] == lab.users.checked


def test_other_verdicts_are_reported_later(lab):
    """In the order of the requests."""
    pending = [lab.submit(one) for one in ("right 1", "wrong 1", "right 2")]

    expected = [
        ("right 1", Verdict.RIGHT),
        ("wrong 1", Verdict.WRONG),
        ("right 2", Verdict.RIGHT),
    ]
    assert [Verdict.PENDING] * 3 == pending
    assert expected == lab.wait(3)


def test_a_known_user_does_not_wait_for_others(lab):
    """However many passwords wait."""
    lab.users.may_go_on.clear()
    lab.users.verdicts = {"right": True}
    for number in range(20):
        lab.submit(f"wrong {number}")

    assert Verdict.RIGHT is lab.submit("right")


def test_a_full_queue_is_busy_until_it_empties(lab):
    """Then the same requests are accepted."""
    lab.users.may_go_on.clear()
    first = [lab.submit(f"right {number}") for number in range(20)]
    lab.users.may_go_on.set()
    lab.wait(16)

    again = [lab.submit(f"right {number}") for number in range(16, 20)]

    assert [Verdict.PENDING] * 16 + [Verdict.BUSY] * 4 == first
    assert [Verdict.PENDING] * 4 == again
    assert 4 == len(lab.wait(4))


def test_the_thread_rests_only_after_a_wrong_password(lab):
    """Before the verdict is reported."""
    for authorization in ("right", "wrong 1", "wrong 2"):
        lab.submit(authorization)
    lab.wait(3)

    assert 2 == len(lab.rests)


def test_the_rest_is_proportional_to_the_cpu_time_of_the_check(lab):
    """The time that other threads took does not count."""
    lab.users.check = lambda _: sum(range(200_000)) < 0
    lab.submit("wrong")
    lab.wait(1)

    assert lab.rests[0] > 20 * 0.0005


def test_all_passwords_are_checked_in_one_thread(lab):
    """They take at most one CPU."""
    before = threading.active_count()
    for number in range(100):
        lab.submit(f"right {number}")
        lab.wait(1)

    assert before + 1 >= threading.active_count()


def test_an_error_counts_as_a_wrong_password(lab, caplog):
    """The next ones are checked all the same."""
    lab.submit("broken")
    lab.submit("right")

    assert [("broken", Verdict.WRONG), ("right", Verdict.RIGHT)] == lab.wait(2)
    assert "internal error while a password was checked" in caplog.text


def test_an_error_in_a_report_does_not_stop_the_thread(lab, caplog):
    """It is logged."""

    def report(verdict):
        raise ZeroDivisionError

    lab.checks.submit("right 1", report)
    lab.submit("right 2")

    assert [("right 2", Verdict.RIGHT)] == lab.wait(1)
    assert "internal error while the verdict on a password was reported" in caplog.text


def test_no_header_stays_in_memory_after_its_check(lab):
    """Nothing refers to it while the thread waits for the next one."""
    secret = " ".join(["wrong", "and", "secret"])
    referrers = len(gc.get_referrers(secret))

    lab.checks.submit(secret, lab.reports.put)
    lab.wait(1)
    lab.users.checked.clear()
    lab.users.verdicts.clear()

    until_s = time.monotonic() + 5  # the thread is still returning from its report
    while len(gc.get_referrers(secret)) > referrers and time.monotonic() < until_s:
        pass
    assert referrers == len(gc.get_referrers(secret))
