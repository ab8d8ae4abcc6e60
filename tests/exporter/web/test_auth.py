"""Authentication. tests/service/web/test_password_checks.py tests the checks themselves."""

import math
import threading

import pytest

from fructosa_exporter.web.auth import Authenticator
from fructosa_service.web.guess_queue import MOST_WAITING
from fructosa_service.web.password_checks import Verdict


class Users:
    """Fake users: headers that start with "right" are right. Checks wait for *may_go_on*."""

    def __init__(self):
        self.verdicts = {"right": True, "wrong": False}
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def known(self, authorization):
        """Return the verdict that was stored."""
        return self.verdicts.get(authorization)

    def check(self, authorization):
        """Return whether it is right."""
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        return authorization.startswith("right")


class Lab:
    """An authenticator, and its verdicts by client."""

    def __init__(self):
        self.users = Users()
        self.verdicts = {}
        self.woken = threading.Semaphore(0)
        self.authenticator = Authenticator(self.users, self.woken.release)

    def authenticate(self, client, **headers):
        """Authenticate a request with these headers."""
        self.authenticator.authenticate(
            headers, "192.0.2.1", lambda verdict: self.verdicts.update({client: verdict})
        )

    def poll_until(self, number):
        """Poll when woken, until there are so many verdicts."""
        while len(self.verdicts) < number:
            assert self.woken.acquire(timeout=30)
            assert math.inf == self.authenticator.poll()


@pytest.fixture
def lab():
    """An authenticator; its checks may go on at the end."""
    made = Lab()
    yield made
    made.users.may_go_on.set()


def test_a_cached_verdict_is_reported_at_once(lab):
    """As is that on a request without a header."""
    lab.authenticate("none")
    lab.authenticate("right", authorization="right")
    lab.authenticate("wrong", authorization="wrong")

    expected = {"none": Verdict.WRONG, "right": Verdict.RIGHT, "wrong": Verdict.WRONG}
    assert expected == lab.verdicts


def test_other_verdicts_are_reported_in_poll(lab):
    """After wake() was called."""
    lab.users.may_go_on.set()
    for number, authorization in enumerate(("right 1", "wrong 1")):
        lab.authenticate(number, authorization=authorization)
    assert {} == lab.verdicts

    lab.poll_until(2)

    assert {0: Verdict.RIGHT, 1: Verdict.WRONG} == lab.verdicts


def test_requests_are_rejected_if_too_many_of_a_client_are_waiting(lab):
    """It can retry."""
    lab.authenticate("first", authorization="right first")
    assert lab.users.has_begun.wait(30)
    for number in range(MOST_WAITING + 1):
        lab.authenticate(number, authorization=f"right {number}")

    lab.poll_until(1)

    assert {0: Verdict.BUSY} == lab.verdicts
