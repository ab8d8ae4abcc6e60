"""Who is let in; what a server does with the verdict stands in test_handler.py."""

import gc
import math
import threading

import pytest

from fructosa_exporter.web.auth import Authenticator, _PasswordCheck


class Users:
    """Users of a test: a password is right if it says so. Checks wait until they may go on."""

    def __init__(self):
        self.verdicts = {}
        self.checked = []
        self.may_go_on = threading.Event()

    def known(self, authorization):
        return self.verdicts.get(authorization)

    def check(self, authorization):
        assert self.may_go_on.wait(30)
        self.checked.append(authorization)
        self.verdicts[authorization] = authorization.startswith("right")
        return self.verdicts[authorization]


class Guarded:
    """An authenticator, and its verdicts by who asked."""

    def __init__(self):
        self.users = Users()
        self.verdicts = {}
        self.rests = []
        self.woken = threading.Semaphore(0)
        self.authenticator = Authenticator(self.users, self.woken.release, self.rests.append)

    def authenticate(self, who, authorization=None):
        """Ask with a header, or without."""
        headers = {} if authorization is None else {"authorization": authorization}
        self.authenticator.authenticate(
            headers, lambda verdict: self.verdicts.update({who: verdict})
        )

    def until_answered(self, number):
        """Look until so many were answered."""
        while len(self.verdicts) < number:
            assert self.woken.acquire(timeout=30)
            assert math.inf == self.authenticator.poll()


@pytest.fixture
def guarded():
    """An authenticator whose checks may go on."""
    made = Guarded()
    made.users.may_go_on.set()
    yield made
    made.users.may_go_on.set()


def test_who_shows_no_password_is_refused_at_once(guarded):
    """Nothing is checked for that."""
    guarded.authenticate("nobody")

    assert {"nobody": "refused"} == guarded.verdicts
    assert [] == guarded.users.checked


def test_who_is_known_is_told_at_once(guarded):
    """Whether it is right or wrong."""
    guarded.users.verdicts = {"right": True, "wrong": False}
    guarded.authenticate("one", "right")
    guarded.authenticate("other", "wrong")

    assert {"one": "allowed", "other": "refused"} == guarded.verdicts
    assert [] == guarded.users.checked


def test_who_is_not_known_is_told_when_the_password_was_checked(guarded):
    """From within look, in the order in which they came."""
    for number, authorization in enumerate(("right 1", "wrong 1", "right 2")):
        guarded.authenticate(number, authorization)

    guarded.until_answered(3)

    assert [(0, "allowed"), (1, "refused"), (2, "allowed")] == list(guarded.verdicts.items())


def test_the_checking_rests_after_a_wrong_password_only(guarded):
    """Twenty times as long as it took."""
    for authorization in ("right", "wrong 1", "wrong 2"):
        guarded.authenticate(authorization, authorization)

    guarded.until_answered(3)

    assert 2 == len(guarded.rests)
    assert all(rest_s >= 0 for rest_s in guarded.rests)


def test_the_rest_is_in_proportion_to_the_work():
    """The processor's time counts, not that for which others had it."""
    rests = []

    class Slow:
        def check(self, _):
            sum(range(200_000))
            return False

    _PasswordCheck(Slow(), "wrong", rests.append).run()

    assert rests[0] > 20 * 0.0005


def test_the_queue_empties_and_fills_again(guarded):
    """Who was told to come again can."""
    guarded.users.may_go_on.clear()
    for number in range(20):
        guarded.authenticate(number, f"right {number}")
    busy = [who for who, verdict in guarded.verdicts.items() if verdict == "busy"]
    guarded.users.may_go_on.set()
    guarded.until_answered(20)

    for number in busy:
        guarded.authenticate(f"again {number}", f"right {number}")
    guarded.until_answered(24)

    assert [16, 17, 18, 19] == busy
    assert ["allowed"] * 20 == [v for v in guarded.verdicts.values() if v != "busy"]


def test_who_guesses_fills_the_queue_and_who_is_known_is_let_in(guarded):
    """The queue has an end; the checking rests after each guess."""
    guarded.users.may_go_on.clear()
    guarded.users.verdicts = {"known": True}
    for number in range(17):
        guarded.authenticate(number, f"wrong {number}")
    guarded.authenticate("known", "known")
    assert {16: "busy", "known": "allowed"} == guarded.verdicts

    guarded.users.may_go_on.set()
    guarded.until_answered(18)

    assert ["refused"] * 16 == [guarded.verdicts[number] for number in range(16)]
    assert 16 == len(guarded.rests)


def test_one_thread_checks_passwords_however_many_come():
    """The check of passwords takes no more than one processor."""
    guarded = Guarded()
    guarded.users.may_go_on.set()
    before = threading.active_count()
    for number in range(100):
        guarded.authenticate(number, f"right {number % 30}")
        while guarded.verdicts.get(number) is None:
            assert guarded.woken.acquire(timeout=30)
            guarded.authenticator.poll()

    assert before + 1 >= threading.active_count()


def test_no_header_is_kept_when_it_was_checked(guarded):
    """The thread that waits for the next one still has the last."""
    guarded.authenticate("one", "wrong and secret")
    guarded.until_answered(1)

    checks = [one for one in gc.get_objects() if isinstance(one, _PasswordCheck)]
    assert [] == [one for one in checks if one._authorization == "wrong and secret"]
