"""TLS, on real sockets."""

import http.client
import os
import socket
import ssl
import threading
from contextlib import closing

import pytest

from fructosa_exporter.web.response import Response, plain
from fructosa_exporter.web.server import Server
from fructosa_service.config.kinds import Endpoint
from fructosa_service.web.tls import TLSFiles

from ...certificates import Authority
from .client import opened, serving, until_end

LOOPBACK = [Endpoint("127.0.0.1", 0)]
LARGE_BYTES = 8 * 1024 * 1024
LARGE = os.urandom(1024) * (LARGE_BYTES // 1024)
LAST = b"GET /%s HTTP/1.1\r\nConnection: close\r\n\r\n"


class Clock:
    """A clock that can be put forward."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def echo(request, connection):
    """Answer with the path, or with some megabytes."""
    if request.path == "/large":
        connection.answer(Response(200, LARGE))
    else:
        connection.answer(plain(200, request.path))


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    """An authority."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def pair(ca):
    """A server's certificate and its key."""
    return ca.server()


def tls_server(pair, clock=None):
    """Return a server that speaks TLS, and reads its files again, as serve.py makes it."""
    kept = TLSFiles(certificate=pair.certificate, key=pair.key).kept()
    return Server(LOOPBACK, echo, tls=kept.value, **({"clock": clock} if clock else {}))


@pytest.fixture
def server(pair):
    """A server that speaks TLS."""
    with serving(tls_server(pair)) as running:
        yield running


def connected(server, asking):
    """Return a connection of the standard library's client."""
    place = server.places[0]
    return http.client.HTTPSConnection(place.host, place.port, timeout=30, context=asking)


def secured(server, asking):
    """Return a socket whose handshake is done."""
    return asking.wrap_socket(opened(server), server_hostname="localhost")


def ask(connection, path):
    """Return the body of an answer."""
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


def once(server, asking, path):
    """Ask on a connection of its own."""
    with closing(connected(server, asking)) as connection:
        return ask(connection, path)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_requests_are_answered_on_one_connection(ca, server, version):
    """One handshake is enough for a scraper."""
    asking = ca.client_context()
    asking.minimum_version = asking.maximum_version = ssl.TLSVersion[version]
    with closing(connected(server, asking)) as connection:
        bodies = [ask(connection, "/a")]
        kept = connection.sock
        bodies += [ask(connection, f"/{number}") for number in range(100)]

        assert kept is connection.sock
        assert kept.version() == version.replace("_", ".")
    assert [b"/a\n", *(f"/{number}\n".encode() for number in range(100))] == bodies


def test_requests_that_come_at_one_time_are_answered_in_turn(ca, server):
    """They may lie in one record, which the system does not announce twice."""
    with secured(server, ca.client_context()) as client:
        client.sendall(
            b"".join(b"GET /%d HTTP/1.1\r\n\r\n" % one for one in range(99)) + LAST % b"x"
        )
        text = until_end(client)

    assert 100 == text.count(b"HTTP/1.1 200 OK")
    assert text.endswith(b"\r\n\r\n/x\n")


def test_a_request_may_come_byte_by_byte(ca, server):
    """Each in a record of its own."""
    with secured(server, ca.client_context()) as client:
        for byte in LAST % b"slowly":
            client.sendall(bytes([byte]))

        assert until_end(client).endswith(b"/slowly\n")


def test_a_large_page_reaches_who_reads_slowly(ca, server):
    """Others are served meanwhile; not a byte is lost."""
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


def test_many_large_pages_come_on_one_connection(ca, server):
    """None gets mixed up with the next."""
    with closing(connected(server, ca.client_context())) as connection:
        assert all(LARGE == ask(connection, "/large") for _ in range(3))


def test_the_end_is_told_in_tls(ca, server):
    """So that the client knows that nobody cut the answer short."""
    asking = ca.client_context()
    with opened(server) as bare:
        client = asking.wrap_socket(bare, server_hostname="localhost", suppress_ragged_eofs=False)
        with client:
            client.sendall(LAST % b"x")

            assert until_end(client).endswith(b"/x\n")


def test_who_takes_a_page_and_goes_does_no_harm(ca, server):
    """In the middle of it."""
    for _ in range(3):
        with secured(server, ca.client_context()) as client:
            client.sendall(b"GET /large HTTP/1.1\r\n\r\n")
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
def test_what_is_no_tls_is_the_end_of_its_connection(ca, server, content):
    """Also a request without TLS, which gets no page."""
    with opened(server) as client:
        try:
            client.sendall(content)
            client.shutdown(socket.SHUT_WR)
            answer = until_end(client)
        except OSError:  # it is closed before all was read
            answer = b""

    assert b"HTTP" not in answer
    assert once(server, ca.client_context(), "/next") == b"/next\n"


def hello(asking):
    """Return what a client sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        asking.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def test_half_a_handshake_hinders_nobody_and_ends_when_its_time_is_up(ca, pair):
    """Be it half a greeting, or a whole one without the rest."""
    clock = Clock()
    greeting = hello(ca.client_context())
    with serving(tls_server(pair, clock)) as running:
        stopped = [opened(running) for _ in range(20)]
        for number, client in enumerate(stopped):
            client.sendall(greeting if number % 2 else greeting[: len(greeting) // 2])
        asking = connected(running, ca.client_context())
        first = ask(asking, "/a")  # by now the others were accepted
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


def test_no_handshake_leaves_a_file_behind(ca, server):
    """Two hundred that go well, and as many that don't."""
    stranger = ssl.create_default_context()
    once(server, ca.client_context(), "/a")
    files = open_files()
    for _ in range(200):
        once(server, ca.client_context(), "/a")
        with opened(server) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ssl.SSLError), secured(server, stranger):
            pass
    once(server, ca.client_context(), "/a")

    assert files >= open_files() - 2


def test_handshakes_at_one_time_do_not_get_in_each_others_way(ca, server):
    """Forty threads ask."""
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
    """Return the number of the certificate that a server showed."""
    return connection.sock.getpeercert()["serialNumber"]


def test_a_certificate_that_is_replaced_is_shown_to_who_comes_next(ca, tmp_path):
    """Who came before goes on, without a new handshake; nothing is restarted."""
    clock = Clock()
    pair, fresh = Authority(tmp_path).server(), ca.server("fresh")
    before = ca.server("before")
    pair.replace_with(before)
    kept = TLSFiles(certificate=pair.certificate, key=pair.key).kept(clock)
    with serving(Server(LOOPBACK, echo, tls=kept.value)) as running:
        with closing(connected(running, ca.client_context())) as old:
            ask(old, "/a")
            shown = [serial(old)]
            pair.replace_with(fresh)
            clock.now_s += 1
            with closing(connected(running, ca.client_context())) as new:
                ask(new, "/b")
                shown.append(serial(new))
            known = old.sock

            assert ask(old, "/c") == b"/c\n"
            assert known is old.sock
        assert shown[0] != shown[1]


def test_a_certificate_that_breaks_leaves_the_one_before(ca, tmp_path, caplog):
    """New connections go on to be served, and the log says why."""
    clock = Clock()
    own = Authority(tmp_path)
    pair = own.server()
    kept = TLSFiles(certificate=pair.certificate, key=pair.key).kept(clock)
    with serving(Server(LOOPBACK, echo, tls=kept.value)) as running:
        pair.certificate.write_text("nonsense")
        clock.now_s += 1
        bodies = [once(running, own.client_context(), "/a") for _ in range(3)]

    assert [b"/a\n"] * 3 == bodies
    message = f"[web] tls certificate {pair.certificate}: holds no certificate"
    assert 1 == sum(one.startswith(message) for one in caplog.messages)
