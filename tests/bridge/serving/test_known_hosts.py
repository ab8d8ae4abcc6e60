"""By which names lmaster may be asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fructosa_bridge.serving.known_hosts import (
    is_known,
    is_loopback,
    names_in,
    with_short_forms,
)

NAMES = {"localhost", "head", "head.cluster"}


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "10.0.0.1:9889",
        "[::1]:9889",
        "[fe80::1%eth0]",
        "localhost",
        "LocalHost:9889",
        "head.cluster.",
        "head:",
    ],
)
def test_addresses_and_names_are_known(host):
    """With or without a port. A request without a host is not from a browser."""
    assert is_known(host, NAMES)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9889",
        "head.evil.example",
        "127.0.0.1.evil.example",
        "[evil.example]",
        "localhost@evil.example",
        "localhost:80:90",
        "localhost:x",
        "[::1",
        "a b",
        "localhost, evil.example",
    ],
)
def test_other_hosts_are_unknown(host):
    """However much they look like a name or an address of ours."""
    assert not is_known(host, NAMES)


@given(st.text(max_size=50))
def test_any_text_is_known_or_not(text):
    """No error is raised."""
    assert is_known(text, NAMES) in (True, False)


def test_the_file_of_hosts_has_names_of_this_machine():
    """Those of loopback addresses, and those beside a name of its own."""
    text = """
        127.0.0.1 localhost mine # not this
        10.0.0.1  head.cluster head monitor
        10.0.0.2  other
        0.0.0.0   evil.example
        ::1       ip6-mine
        nonsense
    """

    expected = {"localhost", "mine", "head.cluster", "head", "monitor", "ip6-mine"}
    assert expected == names_in(text, {"head"})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.2", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - only looked at
        ("", False),
    ],
)
def test_loopback_addresses_are_recognized(address, expected):
    """Also those of IPv4 in IPv6."""
    assert expected is is_loopback(address)


def test_full_names_have_a_short_form():
    """Addresses have none."""
    assert {"head.cluster", "head", "10.0.0.1"} == with_short_forms(
        ["Head.cluster.", "10.0.0.1", ""]
    )
