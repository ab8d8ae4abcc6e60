"""The kinds of value that settings have."""

import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.config import kinds
from fructosa_service.config.kinds import Endpoint

SECONDS = kinds.seconds(at_least=0, at_most=100)
COUNT = kinds.whole("files", at_least=1, at_most=9)
LEVEL = kinds.choice("DEBUG", "INFO")
HOSTS = kinds.several(kinds.HOST)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (SECONDS, "30", 30.0),
        (SECONDS, "0.5", 0.5),
        (SECONDS, "1e2", 100.0),
        (COUNT, "1", 1),
        (COUNT, "9", 9),
        (kinds.whole("bytes"), "9" * 40, 10**40 - 1),
        (kinds.PORT, "1", 1),
        (kinds.PORT, "65535", 65535),
        (kinds.LISTENING_PORT, "0", 0),
        (kinds.YES_NO, "yes", True),
        (kinds.YES_NO, "TRUE", True),
        (kinds.YES_NO, "1", True),
        (kinds.YES_NO, "on", True),
        (kinds.YES_NO, "no", False),
        (kinds.YES_NO, "false", False),
        (kinds.YES_NO, "0", False),
        (kinds.YES_NO, "Off", False),
        (LEVEL, "info", "INFO"),
        (kinds.TEXT, "any text", "any text"),
        (kinds.PATTERN, "eth*", "eth*"),
        (kinds.HOST, "node001", "node001"),
        (kinds.HOST, "node_1.cluster.example.", "node_1.cluster.example."),
        (kinds.HOST, "10.0.0.1", "10.0.0.1"),
        (kinds.HOST, "fe80::1%eth0", "fe80::1%eth0"),
        (kinds.ENDPOINT, "node001", Endpoint("node001")),
        (kinds.ENDPOINT, "node001:9888", Endpoint("node001", 9888)),
        (kinds.ENDPOINT, "[::1]:9888", Endpoint("::1", 9888)),
        (kinds.ENDPOINT, "[::1]", Endpoint("::1")),
        (kinds.LISTENING_ENDPOINT, "node001:0", Endpoint("node001", 0)),
        (HOSTS, "a, b,\nc,", ("a", "b", "c")),
        (HOSTS, "", ()),
        (kinds.optional(SECONDS), "1", 1.0),
    ],
)
def test_a_value_is_parsed(kind, text, expected):
    """Into the type that the program uses."""
    assert expected == kind.parse(text)


NOT_SECONDS = "is not a number of seconds; write e.g. 30"
NOT_A_COUNT = "is not a whole number of files; write e.g. 10"
NOT_A_PORT = "is not a port number; write e.g. 9888"
NOT_A_HOST = "is not a valid host; write a name or an address, e.g. localhost"
NOT_AN_ENDPOINT = "is not a valid HOST[:PORT]; write e.g. node001:9888 or [::1]:9888"


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        *((SECONDS, text, NOT_SECONDS) for text in ("", "ten", "10s", "1,5", "1_0", "١")),
        *((SECONDS, text, NOT_SECONDS) for text in ("nan", "inf", "1e999")),
        (SECONDS, "-1", "is out of range; write from 0 to 100 seconds"),
        (kinds.seconds(at_least=1), "0", "is out of range; write at least 1 seconds"),
        *((COUNT, text, NOT_A_COUNT) for text in ("", "1.5", "1e1", "0x1", "9" * 5000)),
        (COUNT, "0", "is out of range; write from 1 to 9 files"),
        (COUNT, "10", "is out of range; write from 1 to 9 files"),
        *((kinds.PORT, text, NOT_A_PORT) for text in ("", "http", "80.0", "9_888", "1, 2")),
        (kinds.PORT, "0", "is out of range; write from 1 to 65535"),
        (kinds.PORT, "65536", "is out of range; write from 1 to 65535"),
        (kinds.LISTENING_PORT, "-1", "is out of range; write from 0 to 65535"),
        (kinds.YES_NO, "maybe", "is not a boolean; write yes or no"),
        (kinds.YES_NO, "", "is not a boolean; write yes or no"),
        (LEVEL, "DBUG", "is not one of DEBUG, INFO; did you mean DEBUG?"),
        (LEVEL, "zzz", "is not one of DEBUG, INFO"),
        (kinds.TEXT, "", "is empty; write a value after the '='"),
        (kinds.TEXT, "two\nlines", "has more than one line; write the value on one line"),
        *(
            (kinds.PATTERN, text, "is not a valid pattern; write a name, with * for any")
            for text in ("", "a b")
        ),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("", "two words", "knöten", "http://a")),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("a..b", "-a", "a-", "a" * 64, "a:1")),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("12", "300.1.2.3", "1.2.3.4%eth0", "[::1]")),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("fe80::1%", ".".join(["a" * 50] * 6))),
        *((kinds.ENDPOINT, text, NOT_AN_ENDPOINT) for text in ("", "a:", "a:b", ":1", "::1")),
        *((kinds.ENDPOINT, text, NOT_AN_ENDPOINT) for text in ("a:1:2", "http://a:1")),
        (kinds.ENDPOINT, "a:0", "is out of range; write from 1 to 65535"),
        (HOSTS, "a, b c", f"contains 'b c', which {NOT_A_HOST}"),
    ],
)
def test_an_invalid_value_is_rejected_with_what_to_write(kind, text, message):
    """The message is the end of a sentence that begins with the value."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        kind.parse(text)

    assert str(caught.value).startswith(message)


ALL = [SECONDS, COUNT, kinds.LISTENING_PORT, kinds.YES_NO, kinds.TEXT, kinds.PATTERN, kinds.HOST]
ALL += [kinds.ENDPOINT, HOSTS, LEVEL]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
@given(text=st.text())
def test_any_text_is_parsed_or_rejected(kind, text):
    """Only ValueError is raised; a value that is shown can be parsed again."""
    try:
        value = kind.parse(text)
    except ValueError:
        return

    assert value == kind.parse(kind.show(value)) or kind is SECONDS


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_the_example_of_a_kind_is_valid(kind):
    """Messages show it."""
    kind.parse(kind.example if kind is not COUNT else "9")


def test_an_optional_value_is_empty_in_a_file_by_default():
    """Otherwise it is shown like the kind."""
    kind = kinds.optional(kinds.PORT)

    assert kind.show(None) == ""
    assert kind.show(1) == "1"


@pytest.mark.parametrize("text", ["node1", "node1:9888", "[::1]:9888", "[fe80::1%eth0]"])
def test_an_endpoint_is_shown_as_it_is_written(text):
    """With the brackets that an IPv6 address needs."""
    assert text == str(kinds.ENDPOINT.parse(text))


def test_a_command_line_reports_the_same_as_a_file():
    """argparse gets the value, or the message with the text."""
    convert = kinds.from_command_line(kinds.PORT)

    assert convert("1") == 1
    with pytest.raises(argparse.ArgumentTypeError, match=r"^'x' is not a port number; write"):
        convert("x")


def test_a_message_stays_short():
    """However long the value is."""
    with pytest.raises(ValueError, match="contains 'a b") as caught:
        HOSTS.parse("a b" * 1000)

    assert len(str(caught.value)) < 200
