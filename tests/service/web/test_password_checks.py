"""Checks of passwords, one at a time, in a thread of their own."""

import gc
import threading
import time
from queue import Queue

import pytest

from fructosa_service.web.guess_queue import MOST_WAITING
from fructosa_service.web.password_checks import PasswordChecks, Verdict


class Users:
    """Fake users: a header is right if it begins so. Checks wait for *may_go_on*."""

    def __init__(self):
        self.verdicts = {}
        self.checked = []
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def known(self, authorization):
        """Return the verdict that was stored."""
        return self.verdicts.get(authorization)

    def check(self, authorization):
        """Return whether it is right, and store that."""
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        self.checked.append(authorization)
        if authorization == "broken":
            raise ZeroDivisionError
        self.verdicts[authorization] = authorization.startswith("right")
        return self.verdicts[authorization]


class Lab:
    """Checks that take no CPU time unless it is set, and what they report."""

    def __init__(self):
        self.users = Users()
        self.cpu_s = self.check_cpu_s = 0.0
        self.reports = Queue()
        self.checks = PasswordChecks(self.users, cpu_clock=self.cpu_clock)

    def cpu_clock(self):
        """Return the CPU time, which grows."""
        self.cpu_s += self.check_cpu_s
        return self.cpu_s

    def submit(self, authorization, client="192.0.2.1"):
        """Return the verdict that is known at once."""
        return self.checks.submit(
            authorization, client, lambda verdict: self.reports.put((authorization, verdict))
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
    """Each to whoever asked."""
    pending = [lab.submit(one) for one in ("right 1", "wrong 1", "right 2")]

    expected = [
        ("right 1", Verdict.RIGHT),
        ("right 2", Verdict.RIGHT),
        ("wrong 1", Verdict.WRONG),
    ]
    assert [Verdict.PENDING] * 3 == pending
    assert expected == sorted(lab.wait(3))


def test_a_known_user_does_not_wait_for_others(lab):
    """However many passwords wait."""
    lab.users.may_go_on.clear()
    lab.users.verdicts = {"right": True}
    for number in range(20):
        lab.submit(f"wrong {number}")

    assert Verdict.RIGHT is lab.submit("right")


def test_a_client_with_too_many_passwords_is_busy(lab):
    """One of its passwords has to go for a new one; others are not affected."""
    lab.users.may_go_on.clear()
    submitted = [lab.submit("right first")]
    assert lab.users.has_begun.wait(30)
    submitted += [lab.submit(f"right {number}") for number in range(MOST_WAITING + 1)]
    submitted.append(lab.submit("right other", "192.0.2.2"))
    busy = lab.wait(1)
    lab.users.may_go_on.set()

    assert {Verdict.PENDING} == set(submitted)
    assert [("right 0", Verdict.BUSY)] == busy
    assert ("right other", Verdict.RIGHT) in lab.wait(MOST_WAITING + 2)


def test_guessing_does_not_keep_other_clients_waiting(lab):
    """Those who were wrong rest for long; a right password from elsewhere is checked at once."""
    lab.check_cpu_s = 1000.0
    lab.submit("wrong 1")
    assert [("wrong 1", Verdict.WRONG)] == lab.wait(1)
    lab.submit("wrong 2")

    lab.submit("right", "192.0.2.2")

    assert [("right", Verdict.RIGHT)] == lab.wait(1)
    assert ["wrong 1", "right"] == lab.users.checked


def test_guesses_go_on_after_a_rest(lab):
    """It is proportional to the CPU time of the check; the time of other threads does not count."""
    lab.check_cpu_s = 0.0005
    start_s = time.monotonic()
    for number in range(3):
        lab.submit(f"wrong {number}")
        lab.wait(1)

    assert time.monotonic() - start_s >= 2 * 20 * lab.check_cpu_s


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
    assert [("broken", Verdict.WRONG)] == lab.wait(1)
    lab.submit("right")

    assert [("right", Verdict.RIGHT)] == lab.wait(1)
    assert "internal error while a password was checked" in caplog.text


def test_an_error_in_a_report_does_not_stop_the_thread(lab, caplog):
    """It is logged."""
    reported = threading.Event()

    def report(verdict):
        reported.set()
        raise ZeroDivisionError

    lab.checks.submit("right 1", "192.0.2.1", report)
    assert reported.wait(30)
    lab.submit("right 2")

    assert [("right 2", Verdict.RIGHT)] == lab.wait(1)
    assert "internal error while the verdict on a password was reported" in caplog.text


def test_no_header_stays_in_memory_after_its_check(lab):
    """Nothing refers to it while the thread waits for the next one."""
    secret = " ".join(["wrong", "and", "secret"])
    referrers = len(gc.get_referrers(secret))

    lab.checks.submit(secret, "192.0.2.1", lab.reports.put)
    lab.wait(1)
    lab.users.checked.clear()
    lab.users.verdicts.clear()

    until_s = time.monotonic() + 5  # the thread is still returning from its report
    while len(gc.get_referrers(secret)) > referrers and time.monotonic() < until_s:
        pass
    assert referrers == len(gc.get_referrers(secret))
