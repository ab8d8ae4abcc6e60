"""The kind of setting that is a path."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.config.kinds import EMPTY, SEVERAL_LINES
from fructosa_service.config.path_kind import NOT_ABSOLUTE, PATH, UNKNOWN_USER


def test_a_path_may_have_any_characters():
    """Spaces, for example."""
    assert Path("/var/log x/ü") == PATH.parse("/var/log x/ü")


def test_a_path_may_begin_at_home(monkeypatch):
    """``~`` is the home of the user that the daemon runs as."""
    monkeypatch.setenv("HOME", "/home/someone")

    assert Path("/home/someone/log") == PATH.parse("~/log")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", EMPTY),
        ("/a\n/b", SEVERAL_LINES),
        ("relative", NOT_ABSOLUTE),
        ("/a\0b", NOT_ABSOLUTE),
        ("~no-such-user/x", UNKNOWN_USER),
        ("~\0/x", UNKNOWN_USER),
    ],
)
def test_an_invalid_path_is_rejected_with_what_to_write(text, message):
    """The message is the end of a sentence that begins with the value."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        PATH.parse(text)


@given(text=st.text())
def test_any_text_is_an_absolute_path_or_rejected(text):
    """Only ValueError is raised; a path that is shown can be parsed again."""
    try:
        path = PATH.parse(text)
    except ValueError:
        return

    assert path.is_absolute()
    assert path == PATH.parse(PATH.show(path))


def test_the_example_is_a_path():
    """Messages show it."""
    PATH.parse(PATH.example)
