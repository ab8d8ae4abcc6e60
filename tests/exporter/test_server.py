"""The page, over HTTP."""

import http.client
import socket
import threading

import pytest

from fructosa_exporter.choose import reader
from fructosa_exporter.server import Pages, Server
from fructosa_service.errors import ServiceError


@pytest.fixture
def server():
    """A server of two sensors on a free port."""
    pages = Pages([reader("BootTime"), reader("CPUCount")])
    with Server("127.0.0.1", 0, pages) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def connection(server):
    """A connection to it."""
    made = http.client.HTTPConnection(*server.server_address[:2], timeout=10)
    yield made
    made.close()


def ask(connection, path, method="GET"):
    """Return status, type and text of an answer."""
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_the_page_is_served_again_and_again_on_one_connection(connection):
    """Scrapers keep it open."""
    first = ask(connection, "/metrics")
    kept = connection.sock
    second = ask(connection, "/metrics")

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == first[:2] == second[:2]
    assert "\nfructosa_boot_time_seconds 1" in first[2]
    assert kept is not None
    assert kept is connection.sock


def test_head_has_no_body(server):
    """The answer ends with its headers."""
    with socket.create_connection(server.server_address[:2], timeout=10) as asking:
        asking.sendall(b"HEAD /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: asking.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_head_keeps_the_connection(connection):
    """The next request on it works."""
    assert (200, "text/plain; version=0.0.4; charset=utf-8", "") == ask(
        connection, "/metrics", "HEAD"
    )
    assert ask(connection, "/metrics")[0] == 200


def test_collect_picks_sensors(connection):
    """Any other parameter is left alone."""
    _, _, text = ask(connection, "/metrics?collect[]=CPUCount&other=1")

    assert "fructosa_cpu_threads" in text
    assert "fructosa_boot_time_seconds" not in text


def test_a_sensor_that_is_not_read_is_a_bad_request(connection):
    """The answer lists those that are."""
    status, _, text = ask(connection, "/metrics?collect[]=CPUCount&collect[]=CPUPercent")

    assert status == 400
    assert text == "'CPUPercent' is not read here; collect[] may be BootTime, CPUCount\n"


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/metric", 404), ("/metrics/", 404)])
def test_other_addresses_say_where_the_metrics_are(connection, path, status):
    """In one line."""
    found, _, text = ask(connection, path)

    assert status == found
    assert "/metrics" in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "NONSENSE"])
def test_other_methods_are_refused(connection, method):
    """No request can make the agent do anything but read."""
    assert ask(connection, "/metrics", method)[0] == 501


def test_a_port_that_is_taken_says_what_to_do(server):
    """The message names the place."""
    host, port = server.server_address[:2]

    with pytest.raises(ServiceError, match=rf"can't listen on {host}:{port}: .*--port"):
        Server(host, port, Pages([]))


def test_it_listens_on_ipv6_too():
    """The URL is written with brackets."""
    with Server("::1", 0, Pages([])) as running:
        assert running.url.startswith("http://[::1]:")


def test_a_sensor_asked_for_twice_is_shown_once(connection):
    """A page must not repeat a series."""
    _, _, text = ask(connection, "/metrics?collect[]=CPUCount&collect[]=CPUCount")

    assert text.count("\nfructosa_cpu_threads ") == 1


def test_a_broken_request_costs_only_its_own_connection(server, connection):
    """The next scrape is served."""
    with socket.create_connection(server.server_address[:2], timeout=10) as broken:
        broken.sendall(b"GET http://[ HTTP/1.1\r\n\r\n")
        answer = broken.recv(100)

    assert answer == b""
    assert ask(connection, "/metrics")[0] == 200
