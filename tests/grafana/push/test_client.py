"""The HTTP client for Grafana, and connections that fail."""

import socket

import pytest

from fructosa_grafana.push.access import GrafanaAccess
from fructosa_grafana.push.api_errors import REDIRECTS
from fructosa_grafana.push.client import NO_RESPONSE, GrafanaClient
from fructosa_service.errors import ServiceError
from fructosa_service.web.tls import TLSFiles

from ...certificates import Authority
from .fake_grafana import PASSWORD, TOKEN, USER, grafana

HEALTH = "/api/health"


def get(url, path=HEALTH, *, with_credentials=True, **fields):
    """Send a request; return status and JSON."""
    with GrafanaClient(GrafanaAccess(url=url, **fields)) as client:
        return client.request("GET", path, with_credentials=with_credentials)


def error(url, **fields):
    """Send a request that fails; return the message."""
    with pytest.raises(ServiceError) as caught:
        get(url, **fields)
    return str(caught.value)


def is_no_response(message, url):
    """Return whether a message says that there is no response, whatever the reason."""
    before, after = NO_RESPONSE.format(url=url, reason="|").split("|")
    return message.startswith(before) and message.endswith(after)


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ({"token": TOKEN}, f"Bearer {TOKEN}"),
        ({"user": USER, "password": PASSWORD.encode()}, "Basic YWRtaW46cMOkc3N3b3Jk"),
        ({}, None),
    ],
)
def test_a_request_has_credentials_unless_it_is_sent_without(current, credentials, header):
    """Those of the access."""
    get(current.url, **credentials)
    get(current.url, with_credentials=False, **credentials)

    assert [header, None] == [authorization for _, _, authorization, _ in current.requests]


def test_the_path_of_the_url_is_kept():
    """Grafana may be served below a path."""
    with grafana(prefix="/grafana") as fake:
        status, _ = get(fake.url)

    assert 200 == status


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"1" * 5000])
def test_a_response_that_is_not_json_has_no_body(current, body):
    """Not even if it is made to exhaust the parser."""
    current.canned["GET", HEALTH] = (200, {}, body)

    assert (200, None) == get(current.url)


def endless(handler):
    """Send a response that does not end."""
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    while not handler.server.fake.is_stopped.is_set():
        handler.wfile.write(b" " * 65536)


def dripping(handler):
    """Send a byte of a header now and then, so that no socket timeout expires."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.fake.is_stopped.wait(0.02):
        handler.wfile.write(b"a")
        handler.wfile.flush()


def silent(handler):
    """Send nothing."""
    handler.server.fake.is_stopped.wait()


def truncated(handler):
    """Send less than announced."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    handler.close_connection = True


def test_a_response_that_is_too_large_is_not_read_to_its_end(current):
    """It would fill the memory."""
    current.canned["GET", HEALTH] = endless

    assert "more than 16777216 bytes" in error(current.url)


@pytest.mark.parametrize("slow", [dripping, silent])
def test_a_request_has_a_timeout(current, slow):
    """For the whole response."""
    current.canned["GET", HEALTH] = slow

    message = error(current.url, timeout_s=0.3)

    assert message.startswith(f"{current.url} did not respond in time; ")


def test_a_truncated_response_is_an_error(current):
    """As if there was none."""
    current.canned["GET", HEALTH] = truncated

    assert is_no_response(error(current.url), current.url)


def test_a_refused_connection_is_an_error():
    """With the reason and what to do."""
    with socket.socket() as bound:  # but not listening
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        message = error(url)

    assert NO_RESPONSE.format(url=url, reason="Connection refused") == message


def test_an_unknown_host_is_an_error():
    """The domain is reserved for this."""
    message = error("http://grafana.invalid")

    assert is_no_response(message, "http://grafana.invalid")


@pytest.mark.parametrize(
    ("status", "location", "where"),
    [
        (302, "https://host/login?token=x", "to https://host/login"),
        (301, "http://u:p@host/", "elsewhere"),
    ],
)
def test_a_redirect_is_not_followed(current, status, location, where):
    """The token would go to another server; a password in the target is not shown."""
    current.canned["GET", HEALTH] = (status, {"Location": location}, b"")

    assert REDIRECTS.format(url=current.url, where=where) == error(current.url)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """Return a CA."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def secure(ca):
    """Serve a Grafana with TLS."""
    pair = ca.server()
    files = TLSFiles(certificate=pair.certificate, key=pair.key)
    with grafana(files.context()) as fake:
        yield fake


def test_a_certificate_of_the_given_ca_is_trusted(secure, ca):
    """Instead of the CAs of the system."""
    assert 200 == get(secure.url, ca=ca.certificate)[0]


def test_another_certificate_is_not_trusted(secure):
    """And gets no request."""
    message = error(secure.url)

    assert message.startswith(f"the certificate of {secure.url} is not trusted: ")
    assert "--ca FILE" in message
    assert [] == secure.requests


def test_a_server_without_tls_is_an_error(current):
    """The scheme is probably wrong."""
    url = current.url.replace("http:", "https:")

    assert error(url).startswith(f"the TLS handshake with {url} failed (")
