"""The kinds of value that settings have."""

import argparse
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.config import kinds
from fructosa_service.config.kinds import Endpoint
from fructosa_service.config.path_kind import PATH

SECONDS = kinds.seconds(at_least=0, at_most=100)
COUNT = kinds.whole("files", at_least=1, at_most=9)
PATHS = kinds.several(PATH)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (SECONDS, "30", 30.0),
        (SECONDS, "0.5", 0.5),
        (SECONDS, "1e2", 100.0),
        (kinds.whole("bytes"), "9" * 40, 10**40 - 1),
        (COUNT, "9", 9),
        (kinds.PORT, "1", 1),
        (kinds.LISTENING_PORT, "0", 0),
        (kinds.LISTENING_PORT, "65535", 65535),
        (kinds.PORT, "65535", 65535),
        (kinds.YES_NO, "yes", True),
        (kinds.YES_NO, "TRUE", True),
        (kinds.YES_NO, "1", True),
        (kinds.YES_NO, "on", True),
        (kinds.YES_NO, "Off", False),
        (kinds.YES_NO, "no", False),
        (kinds.YES_NO, "false", False),
        (kinds.YES_NO, "0", False),
        (kinds.choice("DEBUG", "INFO"), "info", "INFO"),
        (kinds.TEXT, "any text", "any text"),
        (PATH, "/var/log x/ü", Path("/var/log x/ü")),
        (kinds.HOST, "node001", "node001"),
        (kinds.HOST, "node_1.cluster.example.", "node_1.cluster.example."),
        (kinds.HOST, "10.0.0.1", "10.0.0.1"),
        (kinds.HOST, "fe80::1%eth0", "fe80::1%eth0"),
        (kinds.ENDPOINT, "node001", Endpoint("node001")),
        (kinds.ENDPOINT, "node001:9888", Endpoint("node001", 9888)),
        (kinds.ENDPOINT, "[::1]:9888", Endpoint("::1", 9888)),
        (kinds.ENDPOINT, "[::1]", Endpoint("::1")),
        (PATHS, "/, /home,\n/var,", (Path("/"), Path("/home"), Path("/var"))),
        (PATHS, "", ()),
        (kinds.optional(SECONDS), "1", 1.0),
    ],
)
def test_a_value_is_read(kind, text, expected):
    """Into the type that the program uses."""
    assert expected == kind.parse(text)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (SECONDS, "ten", "is not a number of seconds; write e.g. 30"),
        (SECONDS, "10s", "is not a number of seconds"),
        (SECONDS, "", "is not a number of seconds"),
        (SECONDS, "nan", "is not a number of seconds"),
        (SECONDS, "inf", "is not a number of seconds"),
        (SECONDS, "1_0", "is not a number of seconds"),
        (SECONDS, "١", "is not a number of seconds"),
        (SECONDS, "1,5", "is not a number of seconds"),
        (SECONDS, "1e999", "is not a number of seconds"),
        (SECONDS, "-1", "is out of range; write from 0 to 100 seconds"),
        (kinds.seconds(at_least=1), "0", "is out of range; write at least 1 seconds"),
        (COUNT, "1.5", "is not a whole number of files"),
        (COUNT, "", "is not a whole number of files"),
        (COUNT, "0x1", "is not a whole number of files"),
        (COUNT, "1e9", "is not a whole number of files"),
        (COUNT, "9" * 5000, "is not a whole number of files"),
        (COUNT, "0", "is out of range; write from 1 to 9 files"),
        (COUNT, "10", "write from 1 to 9 files"),
        (kinds.PORT, "65536", "write from 1 to 65535"),
        (kinds.PORT, "0", "is out of range; write from 1 to 65535"),
        (kinds.LISTENING_PORT, "65536", "write from 0 to 65535"),
        (kinds.LISTENING_PORT, "-1", "write from 0 to 65535"),
        (kinds.PORT, "80.0", "is not a port number"),
        (kinds.PORT, "http", "is not a port number"),
        (kinds.PORT, "9_888", "is not a port number"),
        (kinds.PORT, "'1'", "is not a port number"),
        (kinds.PORT, "1, 2", "is not a port number"),
        (kinds.YES_NO, "maybe", "is neither yes nor no"),
        (kinds.YES_NO, "2", "is neither yes nor no"),
        (kinds.YES_NO, "", "is neither yes nor no"),
        (kinds.choice("DEBUG", "INFO"), "DBUG", "is none of DEBUG, INFO; did you mean DEBUG?"),
        (kinds.choice("DEBUG", "INFO"), "zzz", "is none of DEBUG, INFO"),
        (kinds.TEXT, "", "is no value"),
        (kinds.TEXT, "two\nlines", "is no value; write one line of text"),
        (PATH, "/a\n/b", "is no value; write one line of text"),
        (PATH, "~no-such-user/x", "is in no user's home; write the path from the root"),
        (PATH, "~\0/x", "is in no user's home"),
        (PATH, "relative", "is not an absolute path"),
        (PATH, "", "is no value"),
        (PATH, "/a\0b", "is not an absolute path"),
        (kinds.HOST, "", "is not a host"),
        (kinds.HOST, "two words", "is not a host"),
        (kinds.HOST, "300.1.2.3", "is not a host"),
        (kinds.HOST, "a..b", "is not a host"),
        (kinds.HOST, "-a", "is not a host"),
        (kinds.HOST, "a-", "is not a host"),
        (kinds.HOST, "12", "is not a host"),
        (kinds.HOST, "*", "is not a host"),
        (kinds.HOST, "1.2.3.4%eth0", "is not a host"),
        (kinds.HOST, "fe80::1%", "is not a host"),
        (kinds.HOST, "[::1]", "is not a host"),
        (kinds.HOST, "a:1", "is not a host"),
        (kinds.HOST, "knöten", "is not a host"),
        (kinds.HOST, "a" * 64, "is not a host"),
        (kinds.HOST, "a" * 64 + "!", "is not a host"),
        (kinds.HOST, ".".join(["a" * 50] * 6), "is not a host"),
        (kinds.HOST, "http://a", "is not a host"),
        (kinds.ENDPOINT, "", "is not HOST[:PORT]"),
        (kinds.ENDPOINT, "a:b", "is not HOST[:PORT]; write e.g. node001:9888 or [::1]:9888"),
        (kinds.ENDPOINT, "a:", "is not HOST[:PORT]"),
        (kinds.ENDPOINT, "a:65536", "is out of range; write from 1 to 65535"),
        (kinds.ENDPOINT, "a:0", "is out of range; write from 1 to 65535"),
        (kinds.ENDPOINT, "http://a:1", "is not HOST[:PORT]"),
        (kinds.ENDPOINT, ":9888", "is not HOST[:PORT]"),
        (kinds.ENDPOINT, "::1", "is not HOST[:PORT]"),
        (kinds.ENDPOINT, "a:1:2", "is not"),
        (PATHS, "/, home", "holds 'home', which is not an absolute path"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(kind, text, message):
    """The message goes on behind the value."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        kind.parse(text)

    assert message in str(caught.value)


ALL = [SECONDS, COUNT, kinds.LISTENING_PORT, kinds.YES_NO, kinds.TEXT, PATH, kinds.HOST]
ALL += [kinds.ENDPOINT, PATHS, kinds.choice("DEBUG", "INFO")]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
@given(text=st.text())
def test_any_text_is_a_value_or_refused(kind, text):
    """Nothing but ValueError comes out; what is read can be shown, and read again."""
    try:
        value = kind.parse(text)
    except ValueError:
        return

    assert value == kind.parse(kind.show(value)) or kind is SECONDS


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_the_example_of_a_kind_is_a_value_of_it(kind):
    """Messages tell people to write it."""
    kind.parse(kind.example if kind is not COUNT else "9")


def test_a_path_may_begin_at_home(monkeypatch):
    """``~`` is the home of whom the daemon runs as."""
    monkeypatch.setenv("HOME", "/home/someone")

    assert Path("/home/someone/log") == PATH.parse("~/log")


def test_nothing_is_shown_as_nothing():
    """An optional setting without a default has no text in a file."""
    kind = kinds.optional(kinds.PORT)

    assert kind.show(None) == ""
    assert kind.show(1) == "1"


@pytest.mark.parametrize("text", ["node1", "node1:9888", "[::1]:9888", "[fe80::1%eth0]"])
def test_an_endpoint_is_shown_as_it_is_written(text):
    """With the brackets that an IPv6 address needs."""
    assert text == str(kinds.ENDPOINT.parse(text))


def test_a_command_line_says_the_same_as_a_file():
    """argparse gets the value, or the message with the text that was found."""
    convert = kinds.from_command_line(kinds.PORT)

    assert convert("1") == 1
    with pytest.raises(argparse.ArgumentTypeError, match=r"^'x' is not a port number; write"):
        convert("x")


@pytest.mark.parametrize("kind", [kinds.several(PATH), kinds.several(kinds.HOST)])
def test_a_message_stays_short(kind):
    """However long what was found is."""
    with pytest.raises(ValueError, match="holds 'a b") as caught:
        kind.parse("a b" * 1000)

    assert len(str(caught.value)) < 200
