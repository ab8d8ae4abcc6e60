"""A bound on what a logger writes."""

import logging

from fructosa_service.web.log_limit import LEFT_OUT, LogLimit


class Lab:
    """A limit of three messages in ten seconds, on a clock that a test moves."""

    def __init__(self):
        self.now_s = 100.0
        self.limit = LogLimit(3, 10, lambda: self.now_s)

    def log(self, text="odd request of %s", *values):
        """Return the message that is logged, or None."""
        record = logging.LogRecord("n", logging.ERROR, "f", 1, text, values or ("me",), None)
        return record.getMessage() if self.limit.filter(record) else None


def test_a_message_is_logged_some_times():
    """Whatever its values are."""
    lab = Lab()

    logged = [lab.log("odd request of %s", number) for number in range(9)]

    assert ["odd request of 0", "odd request of 1", "odd request of 2"] == logged[:3]
    assert {None} == set(logged[3:])


def test_messages_have_a_limit_each():
    """One does not hide another."""
    lab = Lab()
    for _ in range(9):
        lab.log()

    assert "another me" == lab.log("another %s")


def test_the_next_one_says_how_many_were_left_out():
    """So nothing is lost silently; then the limit begins anew."""
    lab = Lab()
    for _ in range(9):
        lab.log()
    lab.now_s += 10

    assert "odd request of me" + LEFT_OUT % (6, 10) == lab.log()
    assert ["odd request of me"] * 2 + [None] == [lab.log() for _ in range(3)]


def test_if_none_was_left_out_nothing_is_said():
    """Also after a long time."""
    lab = Lab()
    lab.log()
    lab.now_s += 1000

    assert "odd request of me" == lab.log()
