"""Daemons without their pid file: found by the address on which they listen."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from fructosa_service.config.kinds import Endpoint
from fructosa_service.daemon.listeners import CAN_NOT_IDENTIFY, find_listener, remembered_sockets
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus
from fructosa_service.errors import ServiceError

ANY = "0.0.0.0"  # noqa: S104 - free ports, for a moment
URL = "https://{endpoint}/metrics"
# A program that listens on an address, prints the port, and runs until its input ends.
PROGRAM = """
import socket, sys
listener = socket.create_server((sys.argv[1], 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def listen(tmp_path):
    """Start a program of some name that listens on an address; return its pid and its port."""
    started = []

    def start(name, address="127.0.0.1"):
        file = tmp_path / name
        file.write_text(PROGRAM)
        command = [sys.executable, file, address]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        return process.pid, int(process.stdout.readline())

    yield start
    for process in started:
        process.communicate(timeout=20)


def found(pid, *endpoints):
    """Return the status of a daemon that listens on one of *endpoints*."""
    urls = tuple(URL.format(endpoint=endpoint) for endpoint in endpoints)
    return PidFileStatus(DaemonState.RUNNING, pid, urls)


@pytest.mark.parametrize(
    ("listens_on", "configured"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "localhost"),
        (ANY, "127.0.0.1"),
        ("127.0.0.1", ANY),
    ],
)
def test_a_daemon_is_found_by_its_address(listen, listens_on, configured):
    """With its pid; a wildcard is any address."""
    pid, port = listen("lagent", listens_on)
    endpoint = Endpoint(configured, port)

    assert found(pid, endpoint) == find_listener("lagent", [Endpoint("::1", 1), endpoint], URL)


def test_a_daemon_on_another_address_is_another_one(listen):
    """As of several on one machine."""
    _, port = listen("lagent", "127.0.0.2")

    assert find_listener("lagent", [Endpoint("127.0.0.1", port)], URL) is None


@pytest.mark.parametrize("name", ["lmaster", "python"])
def test_another_program_on_the_port_is_not_the_daemon(listen, name):
    """Not even the other daemon."""
    _, port = listen(name)

    assert find_listener("lagent", [Endpoint("127.0.0.1", port)], URL) is None


@pytest.mark.parametrize("endpoint", [Endpoint("127.0.0.1", 1), Endpoint("127.0.0.1", 0)])
def test_where_nothing_listens_there_is_no_daemon(endpoint):
    """Nor where the port is not known in advance."""
    assert find_listener("lagent", [endpoint, Endpoint("no such host", 1)], URL) is None


@pytest.fixture
def lagents_page():
    """The port of a server that calls itself lagent, as in its responses."""

    class Handler(BaseHTTPRequestHandler):
        def version_string(self):
            return "lagent"

        def do_HEAD(self):
            self.send_response(401)
            self.end_headers()

        def log_message(self, *arguments):
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def invisible(endpoint):
    """Return the pids of a process of another user."""
    return [None]


def test_the_process_of_another_user_is_asked_who_it_is(lagents_page):
    """Its pid stays unknown; it may require a password."""
    endpoint = Endpoint("127.0.0.1", lagents_page)

    assert found(None, endpoint) == find_listener("lagent", [endpoint], URL, invisible)
    assert find_listener("lmaster", [endpoint], URL, invisible) is None
    any_address = Endpoint(ANY, lagents_page)
    assert found(None, any_address) == find_listener("lagent", [any_address], URL, invisible)


def test_if_it_does_not_answer_it_remains_unknown():
    """With TLS, for example: then root can see more."""
    endpoint = Endpoint("127.0.0.1", 1)

    message = CAN_NOT_IDENTIFY.format(endpoint=endpoint, name="lagent")
    with pytest.raises(ServiceError, match=message):
        find_listener("lagent", [endpoint], URL, invisible)


def test_what_is_remembered_is_of_that_moment_and_forgotten_afterwards(listen):
    """So root's view is used by who has given up root, and by no later command."""
    with remembered_sockets():
        pid, port = listen("lagent")
        assert find_listener("lagent", [Endpoint("127.0.0.1", port)], URL) is None

    assert pid == find_listener("lagent", [Endpoint("127.0.0.1", port)], URL).pid
