"""Which password is checked next."""

import math

import pytest

from fructosa_service.web import guess_queue
from fructosa_service.web.guess_queue import GuessQueue, client_of


def taken(made, number, now_s=0.0):
    """Take so many items; return them."""
    return [made.take(now_s) for _ in range(number)]


def test_an_empty_queue_has_nothing_ever():
    """Until something is put into it."""
    made = GuessQueue()

    assert (None, math.inf) == (made.take(0.0), made.ready_s())


def test_clients_have_turns():
    """One that has many passwords does not keep others waiting."""
    made = GuessQueue()
    for item in ("a1", "a2", "a3", "b1"):
        made.put(item[0], item)

    assert ["a", "b", "a", "a"] == [client for client, _ in taken(made, 4)]


def test_of_one_client_the_newest_is_next():
    """It overtakes the guesses of somebody who waits for the answers on many connections."""
    made = GuessQueue()
    for item in "123":
        made.put("a", item)

    assert ["3", "2", "1"] == [item for _, item in taken(made, 3)]


def test_a_client_that_was_never_wrong_does_not_wait_for_those_that_were():
    """However many guess from elsewhere, and although they rest."""
    made = GuessQueue()
    for client in "xyz":
        made.note_wrong(client, 100.0)
        made.put(client, "guess")
    made.put("right", "password")

    assert -math.inf == made.ready_s()
    assert [("right", "password"), None] == taken(made, 2, 99.0)


def test_those_that_were_wrong_share_their_time():
    """None is taken before the rest of all is over."""
    made = GuessQueue()
    made.note_wrong("x", 100.0)
    made.note_wrong("y", 90.0)
    for client in "xy":
        made.put(client, "guess")

    assert 100.0 == made.ready_s()
    assert [None, ("x", "guess")] == [made.take(now_s) for now_s in (99.0, 100.0)]


def test_of_too_many_passwords_of_a_client_one_has_to_go():
    """The oldest; those of others stay."""
    made = GuessQueue(most_waiting=2)
    gone = [made.put("a", item) for item in ("a1", "a2", "a3")] + [made.put("b", "b1")]

    assert [None, None, "a1", None] == gone


def test_clients_that_were_wrong_are_forgotten_when_they_are_too_many(monkeypatch):
    """Those that were wrong longest ago: guessing does not fill the memory."""
    monkeypatch.setattr(guess_queue, "MOST_GUESSERS", 2)
    made = GuessQueue()
    for client in "abac":
        made.note_wrong(client, 100.0)
    for client in "abc":
        made.put(client, "guess")

    assert [("b", "guess"), None] == taken(made, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8::1", "2001:db8::ffff:1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("127.0.0.1", "127.9.9.9"),
        ("127.0.0.1", "::1"),
    ],
)
def test_these_addresses_are_of_one_client(one, other):
    """A network of IPv6, and this machine."""
    assert client_of(one) == client_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8:0:1::1"), ("", "x")]
)
def test_these_addresses_are_of_two_clients(one, other):
    """Also what is no address."""
    assert client_of(one) != client_of(other)
