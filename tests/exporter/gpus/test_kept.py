"""Answers that stay the same, and questions that are asked again."""

import pytest

from fructosa_exporter.gpus.kept import AGAIN_S, KeptAnswers

from .node import Clock


class Question:
    """A question whose *answers* come one after the other; it counts how often it is asked."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), 0

    def __call__(self):
        self.asked += 1
        return self.answers.pop(0)


def test_an_answer_is_kept():
    """Also 0 and an empty text, which are answers; each under its own name."""
    answers = KeptAnswers(Clock())
    first, other = Question((0, False)), Question(("", False))

    assert [0, 0] == [answers.get("first", first) for _ in range(2)]
    assert ["", ""] == [answers.get("other", other) for _ in range(2)]
    assert [1, 1] == [first.asked, other.asked]


def test_a_question_that_failed_is_asked_at_the_next_reading():
    """It may succeed then."""
    answers, question = KeptAnswers(Clock()), Question((None, True), (None, True), (7, False))

    assert [None, None, 7, 7] == [answers.get("name", question) for _ in range(4)]


@pytest.mark.parametrize("later", [(None, False), (7, False)])
def test_what_is_not_supported_is_asked_once_a_minute(later):
    """Whether or not it is supported then."""
    clock, question = Clock(), Question((None, False), later)
    answers = KeptAnswers(clock)

    assert [None] * 3 == [answers.get("name", question) for _ in range(3)]
    clock.now_s += AGAIN_S - 0.1
    assert [None, 1] == [answers.get("name", question), question.asked]
    clock.now_s += 0.1
    assert [later[0], 2] == [answers.get("name", question), question.asked]
