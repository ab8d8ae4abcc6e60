"""The kinds of value that settings have."""

import argparse
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_service.config import kinds
from fructosa_service.config.kinds import (
    CONTAINS,
    EMPTY,
    HAS_PORT,
    IN_BRACKETS,
    NOT_A_HOST,
    NOT_A_NUMBER,
    NOT_A_PATTERN,
    NOT_AN_ENDPOINT,
    NOT_BETWEEN,
    NOT_ONE_OF,
    NOT_YES_OR_NO,
    SEVERAL_LINES,
    TOO_LOW,
    Endpoint,
)
from fructosa_service.errors import DID_YOU_MEAN

SECONDS = kinds.seconds(at_least=0, at_most=100)
# What reaches a shell, a header or an option is no name of an interface.
NO_INTERFACES = (
    *("", "a b", "a/b", "a" * 16, "é", "25lo;id", "$(id)", "`id`", "-oX=id", "eth0;id", "a|b"),
    *("a\r\nX:y", "a\n", "\0", "\x1b[31m", "a%b", "a&b", "a'b", 'a"b', ".", "\u2028"),
)
COUNT = kinds.whole("files", at_least=1, at_most=9)
LEVEL = kinds.choice("DEBUG", "INFO")
HOSTS = kinds.several(kinds.HOST)
CARBON = kinds.endpoint(kinds.tcp_port(example="2004"), "localhost")


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
        (kinds.HOST, "fe80::1%br-lan.100", "fe80::1%br-lan.100"),
        (kinds.HOST, "fe80::1%2", "fe80::1%2"),
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


NOT_SECONDS = NOT_A_NUMBER.format(unit="number of seconds", example=30)
NOT_A_COUNT = NOT_A_NUMBER.format(unit="whole number of files", example=10)
NO_ENDPOINT = NOT_AN_ENDPOINT.format(example="node001:9888", port=9888)
NOT_A_PORT = NOT_A_NUMBER.format(unit="port number", example=9888)
NOT_1_TO_9 = f"{NOT_BETWEEN.format(low=1, high=9)} files"
PORT_RANGE = NOT_BETWEEN.format(low=1, high=65535)
LEVELS = NOT_ONE_OF.format(names="DEBUG, INFO")


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        *((SECONDS, text, NOT_SECONDS) for text in ("", "ten", "10s", "1,5", "1_0", "١")),
        *((SECONDS, text, NOT_SECONDS) for text in ("nan", "inf", "1e999")),
        (SECONDS, "-1", f"{NOT_BETWEEN.format(low=0, high=100)} seconds"),
        (kinds.seconds(at_least=1), "0", f"{TOO_LOW.format(low=1)} seconds"),
        *((COUNT, text, NOT_A_COUNT) for text in ("", "1.5", "1e1", "0x1", "9" * 5000)),
        (COUNT, "0", NOT_1_TO_9),
        (COUNT, "10", NOT_1_TO_9),
        *((kinds.PORT, text, NOT_A_PORT) for text in ("", "http", "80.0", "9_888", "1, 2")),
        (kinds.PORT, "0", PORT_RANGE),
        (kinds.PORT, "65536", PORT_RANGE),
        (kinds.LISTENING_PORT, "-1", NOT_BETWEEN.format(low=0, high=65535)),
        (kinds.YES_NO, "maybe", NOT_YES_OR_NO),
        (kinds.YES_NO, "", NOT_YES_OR_NO),
        (LEVEL, "DBUG", f"{LEVELS}{DID_YOU_MEAN.format(name='DEBUG')}"),
        (LEVEL, "zzz", LEVELS),
        (kinds.TEXT, "", EMPTY),
        (kinds.TEXT, "two\nlines", SEVERAL_LINES),
        *((kinds.PATTERN, text, NOT_A_PATTERN) for text in ("", "a b")),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("", "two words", "knöten", "http://a")),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("a..b", "-a", "a-", "a" * 64, "a:")),
        *((kinds.HOST, f"fe80::1%{zone}", NOT_A_HOST) for zone in NO_INTERFACES),
        *((kinds.ENDPOINT, f"[fe80::1%{zone}]:1", NO_ENDPOINT) for zone in NO_INTERFACES),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("12", "300.1.2.3", "1.2.3.4%eth0")),
        (kinds.HOST, "a:1", HAS_PORT.format(host="a")),
        (kinds.HOST, "[::1]:1", HAS_PORT.format(host="::1")),
        (kinds.HOST, "[::1]", IN_BRACKETS.format(host="::1")),
        *((kinds.HOST, text, NOT_A_HOST) for text in ("fe80::1%", ".".join(["a" * 50] * 6))),
        *((kinds.ENDPOINT, text, NO_ENDPOINT) for text in ("", "a:", "a:b", ":1", "::1")),
        *((kinds.ENDPOINT, text, NO_ENDPOINT) for text in ("a:1:2", "http://a:1")),
        (kinds.ENDPOINT, "a:0", PORT_RANGE),
        (kinds.ENDPOINT, f"a:{'9' * 5000}", NO_ENDPOINT),
        (CARBON, "a:", NOT_AN_ENDPOINT.format(example="localhost:2004", port=2004)),
        (
            kinds.tcp_port(example="2004"),
            "a",
            NOT_A_PORT.replace("9888", "2004"),
        ),
        (HOSTS, "a, b c", CONTAINS.format(part="'b c'", why=NOT_A_HOST)),
    ],
)
def test_an_invalid_value_is_rejected_with_what_to_write(kind, text, message):
    """The message is the end of a sentence that begins with the value."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        kind.parse(text)

    assert message == str(caught.value)


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
    with pytest.raises(argparse.ArgumentTypeError, match=f"^'x' {re.escape(NOT_A_PORT)}$"):
        convert("x")


def test_a_message_stays_short():
    """However long the value is."""
    with pytest.raises(ValueError, match="contains 'a b") as caught:
        HOSTS.parse("a b" * 1000)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (Endpoint("fe80::1%eth0", 9888), "[fe80::1]:9888"),
        (Endpoint("::1", 9888), "[::1]:9888"),
        (Endpoint("node001"), "node001"),
    ],
)
def test_a_zone_is_not_part_of_the_header_host(endpoint, expected):
    """It means nothing on another machine."""
    assert expected == endpoint.in_host_header
