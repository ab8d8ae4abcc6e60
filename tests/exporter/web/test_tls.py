"""TLS, on real sockets."""

import http.client
import os
import socket
import ssl
import threading
from contextlib import closing

import pytest

from fructosa_exporter.web.response import Response, text_response
from fructosa_exporter.web.server import Server
from fructosa_service.config.kinds import Endpoint
from fructosa_service.web.tls import TLSFiles

from ...certificates import Authority
from .client import opened, serving, until_end

LOOPBACK = [Endpoint("127.0.0.1", 0)]
LARGE_BYTES = 8 * 1024 * 1024
LARGE = os.urandom(1024) * (LARGE_BYTES // 1024)
LAST = b"GET /%s HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"


class Clock:
    """A clock that only moves when it is set."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def echo(request, connection):
    """Respond with the path, or with some megabytes."""
    if request.path == "/large":
        connection.respond(Response(200, LARGE))
    else:
        connection.respond(text_response(200, request.path))


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """A certificate authority."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(ca):
    """The certificate of a server, and its key."""
    return ca.server()


def tls_server(pair, clock=None):
    """Return a server with TLS that reloads its files, built as in serve.py."""
    context = TLSFiles(certificate=pair.certificate, key=pair.key).cached()
    return Server(LOOPBACK, echo, tls=context.value, **({"clock": clock} if clock else {}))


@pytest.fixture
def server(pair):
    """A server with TLS."""
    with serving(tls_server(pair)) as running:
        yield running


def connected(server, asking):
    """Return an HTTPS connection."""
    endpoint = server.endpoints[0]
    return http.client.HTTPSConnection(endpoint.host, endpoint.port, timeout=30, context=asking)


def secured(server, asking):
    """Return a socket after its TLS handshake."""
    return asking.wrap_socket(opened(server), server_hostname="localhost")


def ask(connection, path):
    """Send a request; return the body of the response."""
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200
    return response.read()


def once(server, asking, path):
    """Send a request on a new connection; return the body of the response."""
    with closing(connected(server, asking)) as connection:
        return ask(connection, path)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_connections_are_kept_alive(ca, server, version):
    """A scraper needs a single handshake."""
    asking = ca.client_context()
    asking.minimum_version = asking.maximum_version = ssl.TLSVersion[version]
    with closing(connected(server, asking)) as connection:
        bodies = [ask(connection, "/a")]
        sock = connection.sock
        bodies += [ask(connection, f"/{number}") for number in range(100)]

        assert sock is connection.sock
        assert sock.version() == version.replace("_", ".")
    assert [b"/a\n", *(f"/{number}\n".encode() for number in range(100))] == bodies


def test_many_requests_may_arrive_in_one_record(ca, server):
    """The selector reports such data only once."""
    with secured(server, ca.client_context()) as client:
        client.sendall(
            b"".join(b"GET /%d HTTP/1.1\r\nHost: n\r\n\r\n" % one for one in range(99))
            + LAST % b"x"
        )
        text = until_end(client)

    assert 100 == text.count(b"HTTP/1.1 200 OK")
    assert text.endswith(b"\r\n\r\n/x\n")


def test_a_request_may_arrive_byte_by_byte(ca, server):
    """Each byte in its own record."""
    with secured(server, ca.client_context()) as client:
        for byte in LAST % b"slowly":
            client.sendall(bytes([byte]))

        assert until_end(client).endswith(b"/slowly\n")


def test_a_slow_client_gets_a_large_page(ca, server):
    """Others are served meanwhile."""
    with opened(server) as bare:
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        with ca.client_context().wrap_socket(bare, server_hostname="localhost") as slow:
            slow.sendall(LAST % b"large")
            begin = b"".join(slow.recv(1000) for _ in range(100))
            meanwhile = once(server, ca.client_context(), "/meanwhile")
            body = (begin + until_end(slow)).partition(b"\r\n\r\n")[2]

    assert meanwhile == b"/meanwhile\n"
    assert len(body) == LARGE_BYTES
    assert body == LARGE


def test_several_large_pages_are_sent_on_one_connection(ca, server):
    """All are complete."""
    with closing(connected(server, ca.client_context())) as connection:
        assert all(LARGE == ask(connection, "/large") for _ in range(3))


def test_close_notify_is_sent(ca, server):
    """So that clients know that the response was not truncated."""
    asking = ca.client_context()
    with opened(server) as bare:
        client = asking.wrap_socket(bare, server_hostname="localhost", suppress_ragged_eofs=False)
        with client:
            client.sendall(LAST % b"x")

            assert until_end(client).endswith(b"/x\n")


def test_clients_may_disconnect_within_a_response(ca, server):
    """The next request is served."""
    for _ in range(3):
        with secured(server, ca.client_context()) as client:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: n\r\n\r\n")
            client.recv(10)

    assert once(server, ca.client_context(), "/next") == b"/next\n"


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\nHost: n\r\n\r\n",
        b"\0" * 1000,
        b"\xff" * 100_000,
        b"\x16\x03\x01\x00\x02\x01\x00",
        b"\x16\x03\x01\xff\xff" + b"a" * 70_000,
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"",
    ],
)
def test_a_connection_without_tls_is_closed(ca, server, content):
    """A plain HTTP request gets no HTTP response."""
    with opened(server) as client:
        try:
            client.sendall(content)
            client.shutdown(socket.SHUT_WR)
            received = until_end(client)
        except OSError:  # it was closed before everything was read
            received = b""

    assert b"HTTP" not in received
    assert once(server, ca.client_context(), "/next") == b"/next\n"


def hello(asking):
    """Return the ClientHello of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        asking.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def test_an_incomplete_handshake_times_out_and_does_not_delay_others(ca, pair):
    """Whether within the ClientHello or after it."""
    clock = Clock()
    greeting = hello(ca.client_context())
    with serving(tls_server(pair, clock)) as running:
        stopped = [opened(running) for _ in range(20)]
        for number, client in enumerate(stopped):
            client.sendall(greeting if number % 2 else greeting[: len(greeting) // 2])
        asking = connected(running, ca.client_context())
        first = ask(asking, "/a")  # the server has accepted the others by now
        clock.now_s += 9
        running.wake()
        second = ask(asking, "/b")
        early = [client.recv(1, socket.MSG_PEEK) for client in stopped[1::2]]
        clock.now_s += 2
        running.wake()
        ends = [until_end(client) for client in stopped]
        third = ask(asking, "/c")
        for client in (*stopped, asking):
            client.close()

    assert [b"/a\n", b"/b\n", b"/c\n"] == [first, second, third]
    assert {b"\x16"} == set(early)  # the server's part of the handshake
    assert [b""] * 10 == ends[::2]


def open_files():
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not used


def test_handshakes_leak_no_file_descriptors(ca, server):
    """Whether they succeed or fail."""
    untrusting = ssl.create_default_context()
    once(server, ca.client_context(), "/a")
    files = open_files()
    for _ in range(200):
        once(server, ca.client_context(), "/a")
        with opened(server) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: n\r\n\r\n")
        with pytest.raises(ssl.SSLError), secured(server, untrusting):
            pass
    once(server, ca.client_context(), "/a")

    assert files >= open_files() - 2


def test_concurrent_handshakes_succeed(ca, server):
    """Forty at the same time."""
    bodies = []

    def go(number):
        bodies.append(once(server, ca.client_context(), f"/{number}"))

    threads = [threading.Thread(target=go, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert {f"/{number}\n".encode() for number in range(40)} == set(bodies)


def serial(connection):
    """Return the serial number of the certificate of the server."""
    return connection.sock.getpeercert()["serialNumber"]


def test_new_connections_use_a_replaced_certificate(ca, tmp_path):
    """Open connections go on without a new handshake."""
    clock = Clock()
    pair, fresh = Authority(tmp_path).server(), ca.server("fresh")
    before = ca.server("before")
    pair.replace_with(before)
    context = TLSFiles(certificate=pair.certificate, key=pair.key).cached(clock)
    with serving(Server(LOOPBACK, echo, tls=context.value)) as running:
        with closing(connected(running, ca.client_context())) as old:
            ask(old, "/a")
            serials = [serial(old)]
            pair.replace_with(fresh)
            clock.now_s += 1
            with closing(connected(running, ca.client_context())) as new:
                ask(new, "/b")
                serials.append(serial(new))
            sock = old.sock

            assert ask(old, "/c") == b"/c\n"
            assert sock is old.sock
        assert serials[0] != serials[1]


def test_an_invalid_certificate_does_not_replace_a_valid_one(ca, tmp_path, caplog):
    """New connections use the old one, and the reason is logged."""
    clock = Clock()
    own = Authority(tmp_path)
    pair = own.server()
    context = TLSFiles(certificate=pair.certificate, key=pair.key).cached(clock)
    with serving(Server(LOOPBACK, echo, tls=context.value)) as running:
        pair.certificate.write_text("nonsense")
        clock.now_s += 1
        bodies = [once(running, own.client_context(), "/a") for _ in range(3)]

    assert [b"/a\n"] * 3 == bodies
    message = f"[web] tls certificate {pair.certificate}: contains no certificate"
    assert 1 == sum(one.startswith(message) for one in caplog.messages)
