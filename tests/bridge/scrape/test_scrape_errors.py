"""The errors of scrapes: one line each, which says what to do."""

import errno
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from fructosa_bridge.model.access import Access
from fructosa_bridge.nodes.dns_cache import NO_NAME_SERVER
from fructosa_bridge.scrape import scrape_errors

from .targets import new_target

TARGET = new_target(host="n1")
TLS = new_target(host="n1", access=Access(tls=True))


def tls_error(reason):
    """Return an error of OpenSSL with a *reason*."""
    error = ssl.SSLError(1, "x")
    error.reason = reason
    return error


def cannot_connect(reason):
    """Return the error of a connection that could not be established."""
    return scrape_errors.CANNOT_CONNECT.format(reason=reason)


def certificate_error(code):
    """Return the error of a certificate that is not trusted, with a *code* of OpenSSL."""
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
            NO_NAME_SERVER.format(host="n1"),
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            scrape_errors.UNKNOWN_HOST.format(host="n1", reason="Name or service not known"),
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            cannot_connect("lmaster has too many open files; raise the limit (ulimit -n)"),
        ),
        (
            OSError(errno.ECONNRESET, "x"),
            cannot_connect("Connection reset by peer") + scrape_errors.PERHAPS_TLS,
        ),
        (OSError(errno.ECONNREFUSED, "x"), scrape_errors.REFUSED),
        (OSError(errno.EHOSTUNREACH, "x"), cannot_connect("No route to host")),
        (OSError(None, None), cannot_connect("unknown reason")),
        (OSError(), cannot_connect("unknown reason")),
    ],
)
def test_an_error_of_connecting_has_the_reason_of_the_system(error, expected):
    """If the system gives one."""
    assert expected == scrape_errors.connect_failed(error, TARGET)


@pytest.mark.parametrize(
    "error",
    [
        scrape_errors.UNKNOWN_HOST.format(host="{}", reason="unknown"),
        NO_NAME_SERVER.format(host="{}"),
        scrape_errors.NAME_TIMED_OUT.format(host="{}", timeout_s=2),
        scrape_errors.REFUSED,
    ],
)
def test_errors_of_several_hosts_are_equal_without_their_names(error):
    """So they can share a line."""
    one, other = (scrape_errors.without_host(error.format(host), host) for host in ("n1", "n2"))

    assert one == other
    assert "n1" not in one


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (20, scrape_errors.UNKNOWN_AUTHORITY),
        (10, scrape_errors.CERTIFICATE_EXPIRED),
        (9, "it is not valid yet; check the clocks"),
        (62, scrape_errors.OTHER_NAME.format(name="n1")),
        (1, "unknown reason; renew it on the node"),
    ],
)
def test_an_invalid_certificate_is_reported_with_what_is_wrong(code, expected):
    """An unknown code has OpenSSL's own message, if there is one."""
    message = scrape_errors.connect_failed(certificate_error(code), TLS)

    assert scrape_errors.NOT_TRUSTED.format(problem=expected) == message


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            "TLSV13_ALERT_CERTIFICATE_REQUIRED",
            scrape_errors.CERTIFICATE_REQUIRED.format(reason="tlsv13 alert certificate required"),
        ),
        (
            "TLSV1_ALERT_INTERNAL_ERROR",
            "the node refused the TLS handshake (tlsv1 alert internal error); see its log",
        ),
        (
            "UNEXPECTED_EOF_WHILE_READING",
            "the node closed the connection during the TLS handshake; is this the right port?",
        ),
        (
            "WRONG_VERSION_NUMBER",
            scrape_errors.SPEAKS_NO_TLS,
        ),
        ("BAD_LENGTH", "TLS failed (bad length); see the log of the node"),
        (None, "TLS failed (unknown reason); see the log of the node"),
    ],
)
def test_a_failed_tls_handshake_is_reported_with_its_reason(reason, expected):
    """Whether it failed while connecting, or with the first bytes after that."""
    error = tls_error(reason)

    assert expected == scrape_errors.connect_failed(error, TLS)
    assert expected == scrape_errors.connection_lost(error, TLS, None)


@pytest.mark.parametrize(
    ("error", "size", "expected"),
    [
        (None, None, scrape_errors.CLOSED_AT_ONCE + scrape_errors.PERHAPS_TLS),
        (
            ConnectionResetError(errno.ECONNRESET, "x"),
            None,
            scrape_errors.LOST_AT_ONCE.format(reason="Connection reset by peer")
            + scrape_errors.PERHAPS_TLS,
        ),
        (
            None,
            27,
            scrape_errors.CLOSED_EARLY.format(size=27),
        ),
    ],
)
def test_a_lost_connection_is_reported_with_what_was_received(error, size, expected):
    """Nothing, or a number of bytes of the page."""
    assert expected == scrape_errors.connection_lost(error, TARGET, size)


@pytest.mark.parametrize(
    ("access", "hint"),
    [
        (Access(), scrape_errors.PERHAPS_TLS),
        (Access(tls=True), scrape_errors.PERHAPS_CERTIFICATE),
        (Access(tls=True, certificate=Path("c"), key=Path("k")), "; see its log"),
    ],
)
def test_a_node_that_closes_the_connection_may_need_tls(access, hint):
    """Only what is not configured yet is suggested."""
    message = scrape_errors.connection_lost(None, new_target(access=access), None)

    assert message == scrape_errors.CLOSED_AT_ONCE + hint


def test_an_invalid_head_is_reported_with_its_problem():
    """In one line; the port is right, as the response is HTTP."""
    message = scrape_errors.invalid_head(ValueError("Bad\nheader"))

    assert scrape_errors.INVALID_HEAD.format(problem="Bad header") == message
    assert "port?" not in message


def test_a_timeout_is_reported_with_what_was_missing():
    """A response, or the rest of its page."""
    target = new_target(timeout_s=0.5)

    nothing, incomplete = (scrape_errors.timed_out(target, size) for size in (None, 27))

    assert scrape_errors.TIMED_OUT.format(timeout_s=0.5) == nothing
    assert scrape_errors.PAGE_TIMED_OUT.format(timeout_s=0.5, size=27) == incomplete


def test_a_connection_that_is_not_accepted_in_time_has_another_error():
    """The node may be down, and a firewall drops packets without an error."""
    message = scrape_errors.connect_timed_out(new_target(timeout_s=5))

    assert scrape_errors.CONNECT_TIMED_OUT.format(timeout_s=2.5, perhaps_tls="") == message
    assert scrape_errors.connect_timed_out(TLS).endswith(", does it speak TLS?")


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (503, "", "503 Service Unavailable"),
        (500, "a\r\nb\x1b\n", r"500 Internal Server Error: 'a b\x1b'"),
        (401, "", "401 Unauthorized; set user and password file, or token file"),
        (403, "not for you", f"403 Forbidden: not for you{scrape_errors.ALLOW_LMASTER}"),
        (404, "", f"404 Not Found{scrape_errors.CHECK_PATH.format(path='/metrics')}"),
        (299, "", "299"),
    ],
)
def test_an_error_status_is_reported_with_the_text_of_the_response(status, text, expected):
    """The text is in one line without control characters; the phrase is that of the standard."""
    message = scrape_errors.error_status(status, "", text, TARGET)

    assert scrape_errors.ERROR_STATUS.format(status=expected) == message


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", scrape_errors.SET_ALSO_JOBS),
        ("no such page", f": no such page{scrape_errors.SET_ALSO_JOBS}"),
        ("jobs are not read; set [lagent] also = SlurmJobs", None),
    ],
)
def test_a_node_without_the_page_of_jobs_says_what_to_set_there(text, more):
    """Nobody has set the path of that page. What lagent says itself is not said twice."""
    target = replace(TARGET, path="/jobs?after=1056")
    expected = f"404 Not Found: {text}" if more is None else f"404 Not Found{more}"

    message = scrape_errors.error_status(404, "", text, target)

    assert scrape_errors.ERROR_STATUS.format(status=expected) == message


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (
            302,
            "https://n1/other",
            scrape_errors.REDIRECTED.format(status="302 Found", location="https://n1/other"),
        ),
        (
            301,
            "",
            scrape_errors.ERROR_STATUS.format(
                status="301 Moved Permanently; redirects are not followed"
            ),
        ),
    ],
)
def test_a_redirect_is_reported_with_its_location(status, location, expected):
    """lmaster follows none: the configuration should have the final address."""
    message = scrape_errors.error_status(status, location, "", TARGET)

    assert expected == message


@pytest.mark.parametrize(
    ("access", "hint"),
    [
        (
            Access(user="lmaster", password_file=Path("p")),
            "the node does not accept user and the password in password file",
        ),
        (Access(token_file=Path("t")), "the node does not accept the token in token file"),
    ],
)
def test_unauthorized_is_reported_with_the_file_that_was_used(access, hint):
    """Its content is a secret."""
    message = scrape_errors.error_status(401, "", "", new_target(access=access))

    assert scrape_errors.ERROR_STATUS.format(status=f"401 Unauthorized; {hint}") == message


def test_a_long_text_of_a_node_is_cut():
    """It is shown on web pages and in the log."""
    message = scrape_errors.error_status(500, "", "x" * 10_000, TARGET)

    assert len(message) < 300
