"""The client of a running lmaster: its requests, and errors."""

import argparse
import re
import socket

import pytest

from fructosa_bridge.client.client import (
    NOT_LMASTER,
    WRONG_STATUS,
    MasterClient,
    PostResult,
    configured_url,
    from_arguments,
    host_header,
)
from fructosa_bridge.config.settings import MasterSettings
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import FileError, ServiceError, UsageError
from fructosa_service.web.settings import WebSettings
from tests.certificates import Authority

from ..fake_master import serving


def arguments(**values):
    """Return arguments of the command line."""
    names = ("url", "ca", "user", "password_file", "config")
    return argparse.Namespace(**(dict.fromkeys(names) | values))


def not_lmaster(status):
    """Return the message for a status of /api/targets, with {url} for the URL."""
    reason = WRONG_STATUS.format(path="/api/targets", status=status)
    return NOT_LMASTER.format(url="{url}", reason=reason)


@pytest.mark.parametrize(
    ("status", "body", "content_type", "result"),
    [
        (200, b"2 targets more\n", "text/plain", PostResult(True, "2 targets more\n")),
        (400, b"x.conf:3: wrong\n", "text/plain", PostResult(False, "x.conf:3: wrong\n")),
    ],
)
def test_a_post_is_carried_out_or_refused(status, body, content_type, result):
    """The text is that of lmaster."""
    with serving(status, body, content_type) as (url, requests):
        assert result == MasterClient(url=url).post("/-/reload")

    assert [("POST", "/-/reload", None)] == requests


def test_a_post_to_another_server_is_an_error():
    """A web page is not a result, even with 200."""
    with serving(200, b"<html>", "text/html") as (url, _):
        error = NOT_LMASTER.format(url=url, reason="the response to /-/reload is not plain text")

        with pytest.raises(ServiceError, match=re.escape(error)):
            MasterClient(url=url).post("/-/reload")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, b"", not_lmaster(404)),
        (302, b"", not_lmaster(302)),
        (401, b"", "{url} requires a user; give --user NAME --password-file FILE"),
        (403, b"only here\n", "{url} does not allow /api/targets: only here"),
    ],
)
def test_an_unexpected_status_is_an_error(status, body, message):
    """The message has the reason and the remedy."""
    with serving(status, body) as (url, _):
        error = re.escape(message.format(url=url))

        with pytest.raises(ServiceError, match=f"^{error}$"):
            MasterClient(url=url).get("/api/targets")


def test_a_server_that_does_not_run_is_an_error():
    """Port 1 is privileged, and nothing listens on it."""
    with pytest.raises(ServiceError, match=r"cannot connect .*127.0.0.1:1: Connection refused; "):
        MasterClient(url="http://127.0.0.1:1").get("/")


@pytest.mark.parametrize("url", ["localhost:9889", "ftp://localhost", "localhost", "http://", "//"])
def test_an_invalid_url_is_an_error(url):
    """Of the command line."""
    with pytest.raises(UsageError, match=r"is not a valid URL; write e\.g\. http://localhost:9889"):
        MasterClient(url=url).get("/")


def test_https_to_a_server_without_tls_is_an_error(tmp_path):
    """The message suggests http://."""
    ca = Authority(tmp_path).certificate

    with serving(200, b"") as (url, _), pytest.raises(ServiceError, match=r"is it http://"):
        MasterClient(url=url.replace("http", "https"), ca=ca).get("/")


def test_a_ca_file_must_exist(tmp_path):
    """The message names it."""
    missing = tmp_path / "ca.pem"

    with pytest.raises(UsageError, match=f"--ca {missing} does not exist"):
        MasterClient(url="https://127.0.0.1:1", ca=missing).get("/")


def test_user_and_password_are_sent_as_utf_8(tmp_path):
    """As browsers do."""
    secret = tmp_path / "password"
    secret.write_text("pässword\n")

    with serving(200, b"ok") as (url, requests):
        from_arguments(arguments(url=url, user="me", password_file=secret)).get("/")

    assert [("GET", "/", "Basic bWU6cMOkc3N3b3Jk")] == requests


def test_a_user_needs_a_password_file():
    """And the other way round."""
    with pytest.raises(UsageError, match="--user and --password-file belong together"):
        from_arguments(arguments(url="http://localhost", user="me"))


@pytest.mark.parametrize("content", [None, b"", b"a\nb\n", b"\xff"])
def test_a_password_file_has_one_line_of_utf_8(tmp_path, content):
    """The message names the file, but not its content."""
    secret = tmp_path / "password"
    if content is not None:
        secret.write_bytes(content)

    with pytest.raises(FileError, match=f"--password-file {secret}: "):
        from_arguments(arguments(url="http://localhost", user="me", password_file=secret))


def test_without_a_url_it_is_that_of_the_configuration(tmp_path):
    """It has the address of lmaster on this machine."""
    config = tmp_path / "lmaster.conf"
    config.write_text("[lmaster]\nhost = head\nport = 7\n")

    assert "http://head:7" == from_arguments(arguments(config=config)).url


@pytest.mark.parametrize(
    ("master", "web", "expected"),
    [
        ({}, {}, "http://localhost:9889"),
        ({"host": "0.0.0.0", "port": 1}, {}, "http://127.0.0.1:1"),  # noqa: S104 - a client
        ({"host": "::"}, {}, "http://[::1]:9889"),
        ({}, {"listen": (Endpoint("head", 7), Endpoint("b"))}, "http://head:7"),
        ({}, {"listen": (Endpoint("head"),)}, "http://head:9889"),
        ({}, {"tls_certificate": "c", "tls_key": "k"}, "https://localhost:9889"),
    ],
)
def test_the_configured_url_is_an_address_to_connect_to(master, web, expected):
    """A server that listens on all addresses is reached through the loopback address."""
    assert expected == configured_url(MasterSettings(**master), WebSettings(**web))


def test_a_port_that_lmaster_chooses_is_unknown():
    """The message refers to --url."""
    with pytest.raises(UsageError, match="give its URL with --url"):
        configured_url(MasterSettings(port=0), WebSettings())


def test_a_zone_is_part_of_the_address_but_not_of_the_header_host(monkeypatch):
    """requests would look up fe80::1%25eth0; the server may reject what it does not know."""
    asked = []

    def refuse(host, port, *_):
        asked.append((host, port))
        raise OSError("no connection in a test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    url = configured_url(MasterSettings(host="fe80::1%eth0", port=9889), WebSettings())
    with pytest.raises(ServiceError, match="cannot connect"):
        MasterClient(url=url).get("/api/targets")

    assert [("fe80::1%eth0", 9889)] == asked
    assert {"Host": "[fe80::1]:9889"} == host_header(url)
    assert {} == host_header("http://[::1]:9889")
