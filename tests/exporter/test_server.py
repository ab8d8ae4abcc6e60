"""The page, over HTTP."""

import http.client
import logging
import socket
import threading
from contextlib import closing, contextmanager

import pytest

from fructosa_exporter.choose import reader
from fructosa_exporter.server import Pages, Server
from fructosa_service.errors import ServiceError


@contextmanager
def serving(pages, server_class=Server):
    """Serve *pages* on a free port."""
    with server_class("127.0.0.1", 0, pages) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()


@pytest.fixture
def server():
    """A server of two sensors."""
    with serving(Pages([reader("BootTime"), reader("CPUCount")])) as running:
        yield running


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


def raw(server, request_line):
    """Send a *request_line* of any bytes; return all that comes until the connection ends."""
    with socket.create_connection(server.server_address[:2], timeout=10) as scraper:
        scraper.sendall(request_line + b"\r\nHost: node\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: scraper.recv(2**16), b""))


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
    answer = raw(server, b"HEAD /metrics HTTP/1.1")

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


def test_an_address_that_is_none_is_a_bad_request(server, connection):
    """The next scrape works."""
    answer = raw(server, b"GET http://[ HTTP/1.1")

    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nthe address is no URL; the metrics are at /metrics\n")
    assert ask(connection, "/metrics")[0] == 200


class Watched(Server):
    """Keeps whether each connection sent at once what was written to it."""

    def shutdown_request(self, request):
        """Look before the connection is closed: the scraper waits for that."""
        self.sent_at_once = request.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        super().shutdown_request(request)


def test_a_page_does_not_wait_behind_its_head():
    """For the scraper's kernel to acknowledge that: 40 ms, whatever the page's size."""
    with serving(Pages([reader("CPUCount")]), Watched) as server:
        answer = raw(server, b"GET /metrics HTTP/1.1")

    assert b"fructosa_cpu_threads" in answer
    assert server.sent_at_once


class Unreadable(Pages):
    """A page with a fault of ours."""

    def metrics(self, collect=()):
        """Fail."""
        raise OverflowError("too large")


def test_a_fault_of_ours_is_logged_as_an_error(caplog):
    """It costs the page and the connection; the server goes on."""
    with serving(Unreadable([])) as server:
        address = server.server_address[:2]
        for _ in range(2):
            with (
                closing(http.client.HTTPConnection(*address, timeout=10)) as connection,
                pytest.raises(http.client.RemoteDisconnected),
            ):
                ask(connection, "/metrics")

    assert ["ERROR"] * 2 == [record.levelname for record in caplog.records]
    assert "OverflowError: too large" in caplog.text


def test_a_scraper_that_goes_away_is_no_fault(server, caplog):
    """It is told at DEBUG, as all requests are."""
    caplog.set_level(logging.DEBUG)

    try:
        raise ConnectionResetError("gone")
    except ConnectionResetError:
        server.handle_error(None, ("10.0.0.1", 1))

    assert ["DEBUG"] == [record.levelname for record in caplog.records]
