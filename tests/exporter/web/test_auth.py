"""Authentication; tests/service/web/test_password_checks.py tests the checks themselves."""

import math
import threading

import pytest

from fructosa_exporter.web.auth import Authenticator
from fructosa_service.web.password_checks import Verdict


class Users:
    """Fake users: a header is right if it begins so. Checks wait for *may_go_on*."""

    def __init__(self):
        self.verdicts = {"right": True, "wrong": False}
        self.may_go_on = threading.Event()

    def known(self, authorization):
        """Return the verdict that was stored."""
        return self.verdicts.get(authorization)

    def check(self, authorization):
        """Return whether it is right."""
        assert self.may_go_on.wait(30)
        return authorization.startswith("right")


class Lab:
    """An authenticator, and its answers by client."""

    def __init__(self):
        self.users = Users()
        self.answers = {}
        self.woken = threading.Semaphore(0)
        self.authenticator = Authenticator(self.users, self.woken.release, lambda rest_s: None)

    def authenticate(self, client, **headers):
        """Authenticate a request with these headers."""
        self.authenticator.authenticate(
            headers, lambda verdict: self.answers.update({client: verdict})
        )

    def poll_until_answered(self, number):
        """Poll when woken, until so many requests are answered."""
        while len(self.answers) < number:
            assert self.woken.acquire(timeout=30)
            assert math.inf == self.authenticator.poll()


@pytest.fixture
def lab():
    """An authenticator; its checks may go on at the end."""
    made = Lab()
    yield made
    made.users.may_go_on.set()


def test_a_known_verdict_is_answered_at_once(lab):
    """As is a request without a header."""
    lab.authenticate("none")
    lab.authenticate("right", authorization="right")
    lab.authenticate("wrong", authorization="wrong")

    expected = {"none": Verdict.WRONG, "right": Verdict.RIGHT, "wrong": Verdict.WRONG}
    assert expected == lab.answers


def test_other_requests_are_answered_in_poll(lab):
    """In their order, after wake() was called."""
    lab.users.may_go_on.set()
    for number, authorization in enumerate(("right 1", "wrong 1")):
        lab.authenticate(number, authorization=authorization)
    assert {} == lab.answers

    lab.poll_until_answered(2)

    assert [(0, Verdict.RIGHT), (1, Verdict.WRONG)] == list(lab.answers.items())


def test_too_many_requests_are_answered_at_once(lab):
    """They can retry."""
    for number in range(17):
        lab.authenticate(number, authorization=f"right {number}")

    assert {16: Verdict.BUSY} == lab.answers
