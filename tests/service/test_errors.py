"""Errors that end a command with a message, and the texts in it."""

import sys
import time

import pytest

from fructosa_service import __version__
from fructosa_service.errors import (
    DID_YOU_MEAN,
    REQUIRES,
    ConfigError,
    KeyProblem,
    Problem,
    check_pair,
    did_you_mean,
    pip_install,
    shown,
    shown_line,
    shown_value,
    visible,
    visible_path,
    without_secrets,
)

KNOWN = ("CPUPercent", "VirtualMemory", "maxBytes")


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("CPUPercnt", "CPUPercent"),
        ("cpupercent", "CPUPercent"),
        ("VirtualMem", "VirtualMemory"),
        ("max bytes", "maxBytes"),
    ],
)
def test_the_most_similar_name_is_suggested(name, similar):
    """As it is declared, whatever the case of the given name."""
    assert DID_YOU_MEAN.format(name=similar) == did_you_mean(name, KNOWN)


@pytest.mark.parametrize("name", ["", "x", "completely different"])
@pytest.mark.parametrize("known", [KNOWN, ()])
def test_nothing_is_suggested_if_no_name_is_similar(name, known):
    """A wild guess would mislead."""
    assert "" == did_you_mean(name, known)


def test_a_text_in_a_message_is_quoted_and_cut():
    """It may come from anywhere."""
    assert r"'a\nb\x1b'" == shown("a\nb\x1b")
    assert f"'{'x' * 79}…'" == shown("x" * 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://user:hunter2@node:1/", "http://user:…@node:1/"),
        ("user:hun:t/er2@node", "user:…@node"),
        ("http://h/?api_key=hunter2&x=1 Token=hunter2", "http://h/?api_key=…&x=1 Token=…"),
        ("http://node001:9888/metrics of admin@site", "http://node001:9888/metrics of admin@site"),
        ("[fe80::1%eth0]:9888", "[fe80::1%eth0]:9888"),
        ("@slurm:gpu,@slurm:cpu", "@slurm:gpu,@slurm:cpu"),
    ],
)
def test_passwords_and_tokens_in_urls_are_hidden(text, expected):
    """Wherever a message shows them."""
    assert expected == without_secrets(text)
    assert repr(expected) == shown(text)


@pytest.mark.parametrize(
    "line", ["password hunter2", "token: hunter2", "Bearer hunter2", "[secret"]
)
def test_what_follows_a_word_for_a_secret_is_hidden(line):
    """In a line of a file that is not valid."""
    assert "hunter2" not in shown_line(line)
    assert "'prot 5'" == shown_line("prot 5")


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("password file", "hunter2", "…"),
        ("Token File", "hunter2", "…"),
        ("user", "admin:hunter2", "admin:…"),
        ("users file", "admin:hunter2", "admin:…"),
        ("tls key", "-----BEGIN PRIVATE KEY-----", "…"),
        ("tls key", "node.key", "node.key"),
        ("listen", "10.0.0.1:x", "10.0.0.1:x"),
    ],
)
def test_a_secret_in_place_of_its_file_is_hidden(key, text, expected):
    """The message says what to write there."""
    assert repr(expected) == shown_value(key, text)


@pytest.mark.parametrize("text", [":" * 100_000, "a:" * 50_000 + "@", "token" * 20_000 + "="])
def test_hiding_takes_time_in_proportion_to_the_text(text):
    """Compared with a text of that length without any secret."""

    def cpu_s(one):
        begin_s = time.process_time()
        without_secrets(one)
        return time.process_time() - begin_s

    honest = f"{'node ' * 20_000}@="
    assert min(cpu_s(text) for _ in range(3)) < 50 * min(cpu_s(honest) for _ in range(3))


def test_a_name_in_a_message_is_quoted_only_if_it_is_not_printable():
    """Escapes show invisible characters."""
    assert "nodes:ü" == visible("nodes:ü")
    assert r"'a\u200b'" == visible("a\u200b")
    assert f"{'x' * 79}…" == visible("x" * 1000)


def test_a_path_in_a_message_is_never_cut():
    """Its end is what tells files apart."""
    assert f"/{'x' * 1000}/carbon.conf" == visible_path(f"/{'x' * 1000}/carbon.conf")
    assert r"'/a\nb'" == visible_path("/a\nb")


def test_a_problem_names_its_section_and_key():
    """Whichever it has."""
    key = Problem(message="is bad", section="web", key="port")

    assert ["is bad", "[web]: is bad", "[web] port: is bad"] == [
        str(Problem(message="is bad")),
        str(Problem(message="is bad", section="web")),
        str(key),
    ]


def test_the_problems_of_a_file_are_in_the_order_of_their_lines():
    """One without a line concerns the whole file and comes first."""
    error = ConfigError("f", [Problem(message="b", line=2), Problem(message="a")])

    assert "f: a\nf:2: b" == str(error)


def test_at_most_a_hundred_problems_are_shown():
    """The rest is counted."""
    error = ConfigError("f", [Problem(message="a", line=line) for line in range(1, 103)])

    lines = str(error).split("\n")

    assert ["f:1: a", "f:100: a", "f: and 2 more problems"] == [lines[0], *lines[99:]]


def test_what_to_install_is_a_command_for_this_python_and_this_release():
    """As it is, it can be pasted; without the release pip might install 0.3 from an index."""
    release = ".".join(__version__.split(".")[:2])

    expected = f"{sys.executable} -m pip install 'FrUCToSA[users]>={release}'"
    assert expected == pip_install("users")


def test_two_keys_that_belong_together_are_set_both_or_neither():
    """The problem is that of the key which is set."""
    check_pair(tls_key=None, tls_certificate=None)
    check_pair(tls_key="/k", tls_certificate="/c")

    with pytest.raises(KeyProblem, match=REQUIRES.format(missing="tls key")) as caught:
        check_pair(tls_key=None, tls_certificate="/c")

    assert "tls certificate" == caught.value.key
