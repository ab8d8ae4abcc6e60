"""The errors of scrapes: one line each, which says what to do."""

import errno
import socket
import ssl
from pathlib import Path

import pytest

from fructosa_bridge.model.access import Access
from fructosa_bridge.scrape import scrape_errors

from .targets import new_target

TARGET = new_target(host="n1")
TLS = new_target(host="n1", access=Access(tls=True))
PERHAPS_TLS = "; see its log, or does it need tls = yes?"


def tls_error(reason):
    """Return an error of OpenSSL with a *reason*."""
    error = ssl.SSLError(1, "x")
    error.reason = reason
    return error


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
            "cannot resolve the name n1: no name server responds; check the DNS",
        ),
        (
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "unknown host n1: Name or service not known; check hosts, or the DNS",
        ),
        (
            OSError(errno.EMFILE, "Too many open files"),
            "cannot connect: lmaster has too many open files; raise the limit (ulimit -n)",
        ),
        (
            OSError(errno.ECONNRESET, "x"),
            f"cannot connect: Connection reset by peer{PERHAPS_TLS}",
        ),
        (OSError(errno.EHOSTUNREACH, "x"), "cannot connect: No route to host"),
        (OSError(None, None), "cannot connect: unknown reason"),
        (OSError(), "cannot connect: unknown reason"),
    ],
)
def test_an_error_of_connecting_has_the_reason_of_the_system(error, expected):
    """If the system gives one."""
    assert expected == scrape_errors.connect_failed(error, TARGET)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (20, "it is signed by an unknown authority; set tls ca to a file with that authority"),
        (10, "it has expired; renew it on the node"),
        (9, "it is not valid yet; check the clocks"),
        (62, "it is not valid for n1; set tls server name to a name in the certificate"),
        (1, "unknown reason; renew it on the node"),
    ],
)
def test_an_invalid_certificate_is_reported_with_what_is_wrong(code, expected):
    """An unknown code has OpenSSL's own message, if there is one."""
    message = scrape_errors.connect_failed(certificate_error(code), TLS)

    assert f"the node's certificate is not trusted: {expected}" == message


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            "TLSV13_ALERT_CERTIFICATE_REQUIRED",
            "the node refused the TLS handshake (tlsv13 alert certificate required); "
            "set tls certificate and tls key",
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
            "the node does not speak TLS on this port; check port, or set tls = no",
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
        (None, None, f"the node closed the connection without a response{PERHAPS_TLS}"),
        (
            ConnectionResetError(errno.ECONNRESET, "x"),
            None,
            f"the connection was lost before a response: Connection reset by peer{PERHAPS_TLS}",
        ),
        (
            None,
            27,
            "the page is incomplete: the connection was closed after 27 bytes; "
            "see the log of the node",
        ),
    ],
)
def test_a_lost_connection_is_reported_with_what_was_received(error, size, expected):
    """Nothing, or a number of bytes of the page."""
    assert expected == scrape_errors.connection_lost(error, TARGET, size)


@pytest.mark.parametrize(
    ("access", "hint"),
    [
        (Access(), PERHAPS_TLS),
        (Access(tls=True), "; see its log, or does it need tls certificate and tls key?"),
        (Access(tls=True, certificate=Path("c"), key=Path("k")), "; see its log"),
    ],
)
def test_a_node_that_closes_the_connection_may_need_tls(access, hint):
    """Only what is not configured yet is suggested."""
    message = scrape_errors.connection_lost(None, new_target(access=access), None)

    assert message.endswith(f"without a response{hint}")


@pytest.mark.parametrize(
    ("size", "speaks_tls", "expected"),
    [
        (None, True, "the node speaks TLS on this port; set tls = yes"),
        (None, False, "the response is not valid HTTP; is this the right port?"),
        (4, False, "the page is incomplete: invalid HTTP after 4 bytes"),
    ],
)
def test_invalid_http_is_reported_with_its_likely_cause(size, speaks_tls, expected):
    """TLS, another service on this port, or a bug of the node."""
    assert expected == scrape_errors.not_http(size, speaks_tls=speaks_tls)


def test_a_timeout_is_reported_with_what_was_missing():
    """A response, or the rest of its page."""
    target = new_target(timeout_s=0.5)

    assert (
        "no response within the timeout of 0.5 s: the node accepted the connection only; "
        "is it overloaded?"
    ) == scrape_errors.timed_out(target, None)
    assert (
        "the page is incomplete within the timeout of 0.5 s: 27 bytes; "
        "ask for fewer sensors, or raise timeout"
    ) == scrape_errors.timed_out(target, 27)


def test_a_connection_that_is_not_accepted_in_time_has_another_error():
    """The node may be down, and a firewall drops packets without an error."""
    message = scrape_errors.connect_timed_out(new_target(timeout_s=5))

    assert (
        "cannot connect within 2.5 s: no response; is the node up, does a firewall drop packets?"
    ) == message
    assert scrape_errors.connect_timed_out(TLS).endswith(", does it speak TLS?")


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (503, "", "the response is 503 Service Unavailable"),
        (500, "a\r\nb\x1b\n", r"the response is 500 Internal Server Error: 'a b\x1b'"),
        (401, "", "the response is 401 Unauthorized; set user and password file, or token file"),
        (
            403,
            "not for you",
            "the response is 403 Forbidden: not for you; allow lmaster's address or user there",
        ),
        (404, "", "the response is 404 Not Found; check path = /metrics"),
        (299, "", "the response is 299"),
    ],
)
def test_an_error_status_is_reported_with_the_text_of_the_response(status, text, expected):
    """The text is in one line without control characters; the phrase is that of the standard."""
    assert expected == scrape_errors.error_status(status, "", text, TARGET)


@pytest.mark.parametrize(
    ("status", "location", "expected"),
    [
        (
            302,
            "https://n1/other",
            "302 Found to https://n1/other; redirects are not followed: "
            "set hosts, port, path and tls accordingly",
        ),
        (301, "", "301 Moved Permanently; redirects are not followed"),
    ],
)
def test_a_redirect_is_reported_with_its_location(status, location, expected):
    """lmaster follows none: the configuration should have the final address."""
    message = scrape_errors.error_status(status, location, "", TARGET)

    assert f"the response is {expected}" == message


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

    assert f"the response is 401 Unauthorized; {hint}" == message


def test_a_long_text_of_a_node_is_cut():
    """It is shown on web pages and in the log."""
    message = scrape_errors.error_status(500, "", "x" * 10_000, TARGET)

    assert len(message) < 300
