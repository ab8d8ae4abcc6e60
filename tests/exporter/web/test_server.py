"""The loop, on real sockets."""

import os
import resource
import socket
import threading

import pytest

from fructosa_exporter.web import server as module
from fructosa_exporter.web.response import plain
from fructosa_exporter.web.server import Server, ServerLimits
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError

from .client import ask, connected, once, opened, raw, serving, until_end

LOOPBACK = [Endpoint("127.0.0.1", 0)]
ASK = b"GET /%s HTTP/1.1\r\n\r\n"


def open_files():
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not used


def echo(request, connection):
    """Answer with the path."""
    connection.respond(plain(200, request.path))


class Held:
    """Answers when it is told to, as a page does that waits for its sensors."""

    def __init__(self):
        self.waiting = []
        self.asked = threading.Semaphore(0)
        self.is_let_go = False

    def __call__(self, request, connection):
        if request.path == "/now":
            connection.respond(plain(200, "now"))
            return
        self.waiting.append(connection)
        self.asked.release()

    def poll(self):
        """Answer all, once that is allowed."""
        while self.is_let_go and self.waiting:
            self.waiting.pop().respond(plain(200, "held"))
        return float("inf")

    def let_go(self, server):
        """Have all answered."""
        self.is_let_go = True
        server.wake()


@pytest.fixture
def server():
    """A server that echoes."""
    with serving(Server(LOOPBACK, echo)) as running:
        yield running


def test_requests_are_answered_on_one_connection(server):
    """Scrapers keep it open."""
    connection = connected(server)
    first = ask(connection, "/a")
    kept = connection.sock
    second = ask(connection, "/b")
    connection.close()

    assert ("/a\n", "/b\n") == (first[2], second[2])
    assert kept is not None


def test_it_listens_at_several_places():
    """Also on IPv6; all answer alike."""
    places = [*LOOPBACK, Endpoint("::1", 0)]
    with serving(Server(places, echo)) as running:
        for place in running.endpoints:
            with socket.create_connection((place.host, place.port), timeout=30) as client:
                client.sendall(
                    ASK % b"x" + ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % b"y"
                )
                assert until_end(client).endswith(b"/y\n")


def test_a_place_that_is_taken_says_what_to_do(server):
    """The message names the place; nothing stays open."""
    files = open_files()
    place = server.endpoints[0]

    with pytest.raises(ServiceError, match=rf"can't listen on {place}: .*--port"):
        Server([Endpoint("127.0.0.1", 0), place], echo)

    assert files == open_files()


def test_an_answer_does_not_wait_for_another():
    """One that takes long holds up nobody."""
    held = Held()
    with serving(Server(LOOPBACK, held)) as running:
        running.polls.append(held.poll)
        slow = opened(running)
        slow.sendall(ASK % b"slow")
        assert held.asked.acquire(timeout=30)

        quick = once(running, "/now")[2]
        held.let_go(running)
        late = slow.recv(1000)
        slow.close()

    assert quick == "now\n"
    assert late.endswith(b"held\n")


def test_more_requests_than_allowed_are_told_to_come_again():
    """Those that are being answered are not disturbed."""
    held = Held()
    with serving(Server(LOOPBACK, held, ServerLimits(max_requests=3))) as running:
        running.polls.append(held.poll)
        waiting = [opened(running) for _ in range(3)]
        for client in waiting:
            client.sendall(ASK % b"slow")
            assert held.asked.acquire(timeout=30)

        status, headers, text = once(running, "/slow")
        held.let_go(running)
        answers = [client.recv(1000) for client in waiting]
        for client in waiting:
            client.close()
        after = once(running, "/now")[0]

    assert (503, "1", "3 requests are being answered already; try again\n") == (
        status,
        headers["Retry-After"],
        text,
    )
    assert all(answer.endswith(b"held\n") for answer in answers)
    assert after == 200


def test_the_connection_that_is_idle_longest_makes_room():
    """Those that never asked go first: a scraper keeps its own."""
    with serving(Server(LOOPBACK, echo, ServerLimits(max_connections=3))) as running:
        scraper = connected(running)
        ask(scraper, "/a")
        kept = scraper.sock
        idle = [opened(running) for _ in range(50)]
        closed = [client.recv(10) for client in idle[:-2]]
        status = ask(scraper, "/b")[0]

        assert [b""] * 48 == closed
        assert status == 200
        assert kept is scraper.sock
        for client in (*idle, scraper):
            client.close()


def test_a_client_is_refused_when_nobody_is_idle():
    """Whoever waits for an answer gets it."""
    held = Held()
    with serving(Server(LOOPBACK, held, ServerLimits(max_connections=2))) as running:
        running.polls.append(held.poll)
        waiting = [opened(running) for _ in range(2)]
        for client in waiting:
            client.sendall(ASK % b"slow")
            assert held.asked.acquire(timeout=30)

        with opened(running) as refused:
            assert refused.recv(10) == b""
        held.let_go(running)
        assert all(client.recv(1000).endswith(b"held\n") for client in waiting)
        for client in waiting:
            client.close()


class Clock:
    """A clock that can be put forward."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def test_clients_that_do_not_go_on_are_closed_when_their_time_is_up():
    """A head that trickles in, and a client that says nothing at all."""
    clock = Clock()
    with serving(Server(LOOPBACK, echo, clock=clock)) as running:
        trickling, silent, scraper = opened(running), opened(running), connected(running)
        trickling.sendall(b"GET / HT")
        ask(scraper, "/a")  # by now both others were accepted
        clock.now_s += 11
        running.wake()

        assert (b"", b"") == (trickling.recv(10), silent.recv(10))
        assert ask(scraper, "/b")[0] == 200
        for client in (trickling, silent, scraper):
            client.close()


def test_what_is_being_answered_is_answered_before_the_end():
    """Then the loop ends; nothing new is waited for."""
    held = Held()
    running = Server(LOOPBACK, held)
    running.polls.append(held.poll)
    with serving(running):
        client, idle = opened(running), opened(running)
        client.sendall(ASK % b"slow")
        assert held.asked.acquire(timeout=30)
        running.stop()
        held.let_go(running)

        assert until_end(client).endswith(b"held\n")
        assert until_end(idle) == b""
        client.close()
        idle.close()


def test_a_hung_answer_does_not_keep_the_loop_from_ending():
    """The client is told by the end of its connection."""
    held = Held()
    with serving(Server(LOOPBACK, held)) as running:
        client = opened(running)
        client.sendall(ASK % b"slow")
        assert held.asked.acquire(timeout=30)

        running.stop()

        assert until_end(client) == b""
        client.close()


@pytest.mark.parametrize("content", [b"\x16\x03\x01\x00\xa5\x01", b"\0" * 100, b"GET\r\n\r\n"])
def test_bytes_that_are_no_request_get_one_line_and_the_end(server, content):
    """Such as a browser that expects TLS."""
    assert raw(server, content + b"\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_the_soft_limit_of_open_files_is_raised():
    """Where the hard one allows it; else fewer connections are allowed, and the log says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, hard), hard))
    try:
        allowed = module._allowed(300)
        raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert 300 == allowed
    assert raised == 300 + module._OTHER_FILES


def test_no_connection_leaves_a_file_behind(server):
    """Whatever ends it."""
    once(server, "/a")
    files = open_files()
    for _ in range(50):
        raw(server, b"nonsense\r\n\r\n")
        raw(server, b"")
        raw(server, ASK % b"x")
    once(server, "/a")

    assert files >= open_files() - 2
