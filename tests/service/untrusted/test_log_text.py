"""Text of which parts come from others, in logs and on terminals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.untrusted.log_text import (
    CUT,
    LIMIT,
    TRACEBACK_LIMIT,
    indented,
    lines,
    one_line,
)


def test_ordinary_text_stays_as_it_is():
    """In any language."""
    assert "heiß: 熱い, 40 °C" == one_line("heiß: 熱い, 40 °C")


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\n", r"\n"),
        ("\r", r"\r"),
        ("\33", r"\x1b"),  # begins the commands of a terminal
        ("\x9b", r"\x9b"),  # so does this one
        ("\0", r"\x00"),
        ("\u2028", r"\u2028"),  # ends a line, for some viewers
        ("\u202e", r"\u202e"),  # turns the direction of writing
        ("\udcff", r"\udcff"),
    ],
)
def test_control_characters_are_escaped(character, shown):
    """So they begin no line, and command no terminal."""
    assert f"from {shown}here" == one_line(f"from {character}here")


def test_long_text_is_cut():
    """It says how much is left out."""
    assert "x" * LIMIT + CUT.format(count=7) == one_line("x" * (LIMIT + 7))


def test_the_lines_of_a_traceback_are_indented():
    """So none of them can be taken for a message, and its end is kept."""
    assert "  Traceback:\n  ValueError: \\x1b" == indented("Traceback:\nValueError: \33")
    assert "x" * TRACEBACK_LIMIT == indented("y" + "x" * TRACEBACK_LIMIT).strip()


def test_several_lines_stay_lines():
    """As the problems of a configuration do on a terminal."""
    assert "one\ntwo\\r" == lines("one\ntwo\r")


@given(st.text(st.characters()))
def test_any_text_becomes_one_line_that_can_be_encoded(text):
    """Of bounded length."""
    shown = one_line(text * 50)

    assert shown.isprintable()
    assert len(shown.encode()) < 5 * LIMIT
