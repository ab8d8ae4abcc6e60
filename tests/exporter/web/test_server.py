"""The server, on real sockets."""

import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time

import pytest

from fructosa_exporter.web import server as module
from fructosa_exporter.web.response import text_response
from fructosa_exporter.web.server import CANNOT_LISTEN, Server, ServerLimits
from fructosa_service.config.kinds import Endpoint
from fructosa_service.errors import ServiceError

from .client import ask, connected, once, opened, raw, serving, until_end

LOOPBACK = [Endpoint("127.0.0.1", 0)]
ASK = b"GET /%s HTTP/1.1\r\nHost: n\r\n\r\n"


def open_files():
    """Return how many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not used


def echo(request, connection):
    """Respond with the path."""
    connection.respond(text_response(200, request.path))


class Held:
    """A handler that holds responses back until they are released; /now gets one at once."""

    def __init__(self):
        self.waiting = []
        self.requested = threading.Semaphore(0)
        self.is_released = False

    def __call__(self, request, connection):
        if request.path == "/now":
            connection.respond(text_response(200, "now"))
            return
        self.waiting.append(connection)
        self.requested.release()

    def poll(self):
        """Send the responses once they are released."""
        while self.is_released and self.waiting:
            self.waiting.pop().respond(text_response(200, "held"))
        return float("inf")

    def release(self, server):
        """Send all responses."""
        self.is_released = True
        server.wake()


@pytest.fixture
def server():
    """A server that echoes."""
    with serving(Server(LOOPBACK, echo)) as running:
        yield running


def test_connections_are_kept_alive(server):
    """Scrapers reuse them."""
    connection = connected(server)
    first = ask(connection, "/a")
    sock = connection.sock
    second = ask(connection, "/b")
    connection.close()

    assert ("/a\n", "/b\n") == (first[2], second[2])
    assert sock is not None


def test_a_server_may_listen_on_several_endpoints():
    """Also on IPv6."""
    endpoints = [*LOOPBACK, Endpoint("::1", 0)]
    with serving(Server(endpoints, echo)) as running:
        for endpoint in running.endpoints:
            with socket.create_connection((endpoint.host, endpoint.port), timeout=30) as client:
                client.sendall(
                    ASK % b"x" + ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") % b"y"
                )
                assert until_end(client).endswith(b"/y\n")


LINK_LOCAL = """
import socket, subprocess
from fructosa_exporter.web.server import open_listener
from fructosa_service.config.kinds import Endpoint
from fructosa_service.web.listening import check_endpoints, endpoint_of

for command in ("link set lo up", "link add one type veth peer name two",
    "link set two up", "link set one up"):
    subprocess.run(["ip", *command.split()], check=True)
subprocess.run("ip address add fe80::7/64 dev one nodad".split(), check=True)
endpoint = Endpoint("fe80::7%one", 9888)
check_endpoints([endpoint])
with open_listener(endpoint) as listener:
    socket.create_connection(("fe80::7%one", 9888)).close()
    print(endpoint_of(listener))
"""


def test_a_link_local_address_has_a_zone():
    """Its network interface; in a network namespace of its own."""
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", LINK_LOCAL]
    probe = [*command[:4], "ip", "link", "add", "one", "type", "veth"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("network namespaces, virtual interfaces or the program ip are missing")

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "[fe80::7%one]:9888\n" == done.stdout


@pytest.mark.parametrize("host", ["fe80::1%nosuch0", "192.0.2.1"])
def test_an_address_that_this_machine_does_not_have_is_an_error(host):
    """Also a zone without an interface of that name; no socket stays open."""
    files = open_files()

    with pytest.raises(ServiceError, match=r"cannot listen on .*; set another --host"):
        Server([Endpoint("127.0.0.1", 0), Endpoint(host, 0)], echo)

    assert files == open_files()


def test_an_endpoint_in_use_is_an_error(server):
    """The message has the endpoint and says what to do; no socket stays open."""
    files = open_files()
    endpoint = server.endpoints[0]

    in_use = "Address already in use"
    expected = re.escape(CANNOT_LISTEN.format(endpoint=endpoint, reason=in_use))
    with pytest.raises(ServiceError, match=f"^{expected}$"):
        Server([Endpoint("127.0.0.1", 0), endpoint], echo)

    assert files == open_files()


def test_a_slow_response_does_not_delay_others():
    """They are sent meanwhile."""
    held = Held()
    with serving(Server(LOOPBACK, held)) as running:
        running.polls.append(held.poll)
        slow = opened(running)
        slow.sendall(ASK % b"slow")
        assert held.requested.acquire(timeout=30)

        quick = once(running, "/now")[2]
        held.release(running)
        late = slow.recv(1000)
        slow.close()

    assert quick == "now\n"
    assert late.endswith(b"held\n")


@pytest.fixture
def full():
    """A server with three places, all of which are taken; its handler, and the clients."""
    held = Held()
    with serving(Server(LOOPBACK, held, ServerLimits(max_requests=3))) as running:
        running.polls.append(held.poll)
        waiting = [opened(running) for _ in range(3)]
        for client in waiting:
            client.sendall(ASK % b"slow")
            assert held.requested.acquire(timeout=30)
        yield running, held, waiting
        for client in waiting:
            client.close()


def test_requests_beyond_the_limit_are_rejected(full, monkeypatch):
    """Those that are being handled are not affected."""
    running, held, waiting = full
    monkeypatch.setattr(module, "PLACE_TIMEOUT_S", 0.01)

    status, headers, text = once(running, "/slow")
    held.release(running)
    responses = [client.recv(1000) for client in waiting]

    assert (503, "1") == (status, headers["Retry-After"])
    assert text.startswith("3 requests")
    assert all(response.endswith(b"held\n") for response in responses)
    assert 200 == once(running, "/slow")[0]


def test_a_request_waits_a_moment_for_a_place(full, monkeypatch):
    """So many connections with many requests cannot have all others rejected."""
    running, held, _ = full
    monkeypatch.setattr(module, "PLACE_TIMEOUT_S", 30.0)
    with opened(running) as late:
        late.sendall(ASK % b"now")
        while not running._queue:
            time.sleep(0)
        held.release(running)

        assert late.recv(1000).endswith(b"now\n")


def test_a_request_that_waits_for_a_place_makes_room_for_a_new_connection(full, monkeypatch):
    """If no connection is idle."""
    running, held, _ = full
    monkeypatch.setattr(module, "PLACE_TIMEOUT_S", 30.0)
    running._max_connections = 4
    with opened(running) as queued:
        queued.sendall(ASK % b"now")
        while not running._queue:
            time.sleep(0)
        with opened(running) as new:
            assert b"" == queued.recv(10)
            assert {} == running._queue
            new.sendall(ASK % b"now")
            held.release(running)
            assert new.recv(1000).endswith(b"now\n")


def test_requests_whose_password_is_checked_take_no_place():
    """The handler admits them afterwards, unless their connection was closed meanwhile."""
    held = Held()

    def handle(request, connection):
        if request.path == "/guess":
            held(request, connection)
        else:
            running.admit(request, connection, echo)

    limits = ServerLimits(max_requests=1)
    with serving(Server(LOOPBACK, handle, limits, handler_admits=True)) as running:
        guessing = [opened(running) for _ in range(3)]
        for client in guessing:
            client.sendall(ASK % b"guess")
            assert held.requested.acquire(timeout=30)

        assert [200, 200] == [once(running, "/a")[0] for _ in range(2)]
        for connection in held.waiting:
            connection.close()
            running.admit(None, connection, lambda *_: pytest.fail("it is closed"))
        for client in guessing:
            client.close()


class Gate:
    """A poll that holds the loop up until it is opened."""

    def __init__(self):
        self.is_held, self.is_open = threading.Event(), threading.Event()

    def __call__(self):
        self.is_held.set()
        assert self.is_open.wait(30)
        return float("inf")


def test_a_request_on_a_connection_that_was_just_closed_is_dropped():
    """The selector reports both at once, first the new connection and then the request."""
    gate = Gate()
    with serving(Server(LOOPBACK, echo, ServerLimits(max_connections=1))) as running:
        idle = opened(running)
        idle.sendall(ASK % b"first")
        assert idle.recv(1000).endswith(b"/first\n")
        running.polls.append(gate)
        running.wake()
        assert gate.is_held.wait(30)
        new = opened(running)
        idle.sendall(ASK % b"late")
        new.sendall(ASK % b"new")
        gate.is_open.set()

        assert new.recv(1000).endswith(b"/new\n")
        assert 200 == once(running, "/after")[0]
        for client in (idle, new):
            client.close()


class Paused:
    """A handler that waits in the thread of the server, and records paths."""

    def __init__(self):
        self.paths = []
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, request, connection):
        self.paths.append(request.path)
        self.has_begun.set()
        assert self.may_go_on.wait(30)
        connection.respond(text_response(200, request.path))


def test_a_connection_with_many_requests_takes_turns_with_others():
    """One that sent hundreds before keeps nobody waiting."""
    paused = Paused()
    with serving(Server(LOOPBACK, paused)) as running:
        greedy, other = opened(running), opened(running)
        greedy.sendall(ASK % b"greedy" * 300)
        assert paused.has_begun.wait(30)
        other.sendall(ASK % b"other")
        paused.may_go_on.set()

        assert other.recv(1000).endswith(b"/other\n")
        for client in (greedy, other):
            client.close()

    assert paused.paths.index("/other") < 10


def test_a_new_connection_is_closed_if_no_other_is_idle():
    """Clients that wait for a response get it."""
    held = Held()
    with serving(Server(LOOPBACK, held, ServerLimits(max_connections=2))) as running:
        running.polls.append(held.poll)
        waiting = [opened(running) for _ in range(2)]
        for client in waiting:
            client.sendall(ASK % b"slow")
            assert held.requested.acquire(timeout=30)

        with opened(running) as refused:
            assert refused.recv(10) == b""
        held.release(running)
        assert all(client.recv(1000).endswith(b"held\n") for client in waiting)
        for client in waiting:
            client.close()


class Clock:
    """A clock that only moves when it is set."""

    now_s = 1000.0

    def __call__(self):
        return self.now_s


def test_connections_without_a_complete_request_time_out():
    """Both with an incomplete request and without any."""
    clock = Clock()
    with serving(Server(LOOPBACK, echo, clock=clock)) as running:
        trickling, silent, scraper = opened(running), opened(running), connected(running)
        ask(scraper, "/a")  # the server has accepted both others by now
        trickling.sendall(b"GET / HT")
        ask(scraper, "/a")  # and has read what this one sent
        clock.now_s += 11
        running.wake()

        assert (b"", b"") == (trickling.recv(10), silent.recv(10))
        assert ask(scraper, "/b")[0] == 200
        for client in (trickling, silent, scraper):
            client.close()


def test_pending_responses_are_sent_at_shutdown():
    """Idle connections are closed at once."""
    held = Held()
    running = Server(LOOPBACK, held)
    running.polls.append(held.poll)
    with serving(running):
        client, idle = opened(running), opened(running)
        client.sendall(ASK % b"slow")
        assert held.requested.acquire(timeout=30)
        running.stop()
        held.release(running)

        assert until_end(client).endswith(b"held\n")
        assert until_end(idle) == b""
        client.close()
        idle.close()


def test_a_response_that_hangs_does_not_prevent_the_shutdown():
    """Its connection is closed."""
    held = Held()
    with serving(Server(LOOPBACK, held)) as running:
        client = opened(running)
        client.sendall(ASK % b"slow")
        assert held.requested.acquire(timeout=30)

        running.stop()

        assert until_end(client) == b""
        client.close()


@pytest.mark.parametrize("content", [b"\x16\x03\x01\x00\xa5\x01", b"\0" * 100, b"GET\r\n\r\n"])
def test_invalid_requests_are_rejected(server, content):
    """Such as a TLS handshake."""
    assert raw(server, content + b"\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_the_soft_limit_of_open_files_is_raised():
    """If the hard limit allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, hard), hard))
    try:
        allowed = module._raise_file_limit(300)
        raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert 300 == allowed
    assert raised == 300 + module._OTHER_FILES


def test_connections_leak_no_file_descriptors(server):
    """Whatever their end."""
    once(server, "/a")
    files = open_files()
    for _ in range(50):
        raw(server, b"nonsense\r\n\r\n")
        raw(server, b"")
        raw(server, ASK % b"x")
    once(server, "/a")

    assert files >= open_files() - 2
