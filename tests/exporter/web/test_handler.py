"""Tests of the request handler, over real connections."""

import gzip
import threading
import time
from contextlib import closing
from types import SimpleNamespace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_families

from fructosa_exporter.collect.collector import Collector
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.metrics import Family, gauge
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.web.auth import Authenticator
from fructosa_exporter.web.handler import RequestHandler
from fructosa_exporter.web.scrape_request import NOT_READ
from fructosa_exporter.web.server import Server
from fructosa_service.config.kinds import Endpoint
from tests.exporter.web.client import ask, connected, once, raw, serving


def agent_server(readers, make_authenticator=None):
    """Return a server of these readers, built as in serve.py."""
    server = Server([Endpoint("127.0.0.1", 0)], lambda *request: handler.handle(*request))
    collector = Collector(server.wake)
    authenticator = make_authenticator(server.wake) if make_authenticator else None
    handler = RequestHandler(readers, collector, time.monotonic, authenticator)
    server.polls += [collector.poll, *([authenticator.poll] if authenticator else [])]
    return server


@pytest.fixture
def connection():
    """A connection to an agent with two sensors."""
    with serving(
        agent_server([SensorReader(SENSORS[name]()) for name in ("BootTime", "CPUCount")])
    ) as server:
        connection = connected(server)
        yield connection
        connection.close()


def test_metrics_are_served_in_the_text_format_by_default(connection):
    """With the content type that scrapers expect."""
    status, headers, text = ask(connection, "/metrics")

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (status, headers["Content-Type"])
    assert "\nfructosa_boot_time_seconds 1" in text
    assert 'fructosa_sensor_success{sensor="BootTime"} 1\n' in text


def test_metrics_are_served_as_openmetrics_if_the_client_prefers_it(connection):
    """Both formats have the same series."""
    accept = "application/openmetrics-text; version=1.0.0"
    _, headers, text = ask(connection, "/metrics", Accept=accept)
    _, _, plain = ask(connection, "/metrics")

    assert "application/openmetrics-text; version=1.0.0; charset=utf-8" == headers["Content-Type"]
    series = {
        parse: {(s.name, *s.labels.values()) for f in parse(page) for s in f.samples}
        for parse, page in ((openmetrics, text), (text_families, plain))
    }
    assert series[text_families] == series[openmetrics] != set()


def test_a_sensor_that_has_found_nothing_is_hidden_until_it_does():
    """No page has it, and a scrape that names it gets an error; the next page shows it."""

    class Late(Sensor):
        SIZE = gauge("fructosa_test_size", "A size.")
        has_come = False

        def samples(self):
            if not self.has_come:
                raise SensorUnavailable("there is none")
            yield self.SIZE.sample(7)

    hidden = SensorReader(Late())
    hidden.is_hidden = True
    readers = [SensorReader(SENSORS["BootTime"]()), hidden]
    with serving(agent_server(readers)) as server, closing(connected(server)) as connection:
        before = ask(connection, "/metrics")[2] + ask(connection, "/")[2]
        status, _, refused = ask(connection, "/metrics?collect[]=Late")
        Late.has_come = True
        hidden.last = None
        after = ask(connection, "/metrics")[2]

    assert "Late" not in before
    assert (400, NOT_READ.format(name="Late", key="collect[]", known="BootTime")) == (
        status,
        refused.strip(),
    )
    assert "\nfructosa_test_size 7\n" in after
    assert 'fructosa_sensor_success{sensor="Late"} 1\n' in after


def test_metrics_are_compressed_if_the_client_accepts_gzip(connection):
    """The content is the same."""
    connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    text = gzip.decompress(response.read()).decode()

    assert response.headers["Content-Encoding"] == "gzip"
    assert "\nfructosa_boot_time_seconds 1" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("collect%5B%5D=CPUCount&other=1", {"CPUCount"}),
        ("exclude[]=CPUCount", {"BootTime"}),
    ],
)
def test_a_query_selects_sensors(connection, query, expected):
    """No series is repeated; unknown parameters are ignored."""
    _, _, text = ask(connection, f"/metrics?{query}")

    lines = [line for line in text.splitlines() if line.startswith("fructosa_sensor_success{")]
    assert {f'fructosa_sensor_success{{sensor="{name}"}} 1' for name in expected} == set(lines)
    assert len(expected) == len(lines)


def test_a_query_for_an_unknown_sensor_is_a_bad_request(connection):
    """The response lists the valid ones."""
    status, _, text = ask(connection, "/metrics?collect[]=CPUCount&collect[]=Users")

    assert 400 == status
    expected = NOT_READ.format(name="Users", key="collect[]", known="BootTime, CPUCount")
    assert f"{expected}\n" == text


def test_the_status_page_is_made_once_a_second(connection):
    """It takes time of the only thread, and anybody may ask for it."""
    first = ask(connection, "/")[2]
    ask(connection, "/metrics")

    assert first == ask(connection, "/")[2]


def test_the_status_page_lists_the_sensors(connection):
    """It does not read them."""
    status, headers, text = ask(connection, "/")

    assert (200, "text/html; charset=utf-8") == (status, headers["Content-Type"])
    assert '<a href="/metrics?collect[]=BootTime">BootTime</a>' in text
    assert text.count("not scraped yet") == 2
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_health_check_succeeds(connection):
    """The body is one line."""
    status, _, text = ask(connection, "/-/healthy")

    assert (200, "lagent is healthy\n") == (status, text)


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "//metrics", "/../etc/passwd", "*"])
def test_other_paths_are_not_found(connection, path):
    """The response points to the metrics."""
    status, _, text = ask(connection, path)

    assert (404, "no such page; the metrics are at /metrics\n") == (status, text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_other_methods_are_not_allowed(connection, method):
    """Requests can only read."""
    status, headers, text = ask(connection, "/metrics", method)

    assert (405, "GET, HEAD") == (status, headers["Allow"])
    assert "use GET or HEAD" in text


def test_a_response_to_head_has_the_length_of_the_page_and_no_body(connection):
    """The connection stays usable."""
    status, headers, text = ask(connection, "/metrics", "HEAD")

    assert (200, "") == (status, text)
    assert int(headers["Content-Length"]) > 500
    assert ask(connection, "/metrics")[0] == 200


class YieldsFamily(Sensor):
    """Yields a family."""

    def samples(self):
        """Yield a histogram."""
        yield Family("jobs", "histogram", "Jobs.", ('jobs_bucket{le="+Inf"} 1', "jobs_count 1"))


def test_a_page_with_families_is_served_in_the_text_format():
    """Even if the client prefers OpenMetrics: a family may not be valid in it."""
    with serving(agent_server([SensorReader(YieldsFamily())])) as server:
        _, headers, text = once(server, "/metrics", Accept="application/openmetrics-text")

    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert '# TYPE jobs histogram\njobs_bucket{le="+Inf"} 1\njobs_count 1\n' in text


class YieldsInvalidFamily(Sensor):
    """Yields something that can't be rendered."""

    def samples(self):
        """Yield a family whose line is not text."""
        yield Family("jobs", "gauge", None, (1,))


def test_an_internal_error_fails_one_response_only(caplog):
    """It is logged with its traceback; the next request succeeds."""
    readers = [SensorReader(YieldsInvalidFamily()), SensorReader(SENSORS["BootTime"]())]
    with serving(agent_server(readers)) as server:
        faulty = once(server, "/metrics")
        fine = once(server, "/metrics?collect[]=BootTime")

    assert 500 == faulty[0]
    assert "see its log" in faulty[2]
    assert fine[0] == 200
    assert ["ERROR"] == [record.levelname for record in caplog.records]
    assert "Traceback" in caplog.text


class Hanging(Sensor):
    """Hangs until it is released."""

    may_end = threading.Event()

    def samples(self):
        """Wait."""
        assert self.may_end.wait(60)
        return []


def test_a_page_is_sent_within_the_scrapers_timeout():
    """Even if the deadline of a sensor is later."""
    sensor = Hanging(Hanging.Options(deadline=3600))
    with serving(
        agent_server([SensorReader(sensor), SensorReader(SENSORS["BootTime"]())])
    ) as server:
        began_s = time.monotonic()
        _, _, text = once(server, "/metrics", X_Prometheus_Scrape_Timeout_Seconds="1")
        took_s = time.monotonic() - began_s
        sensor.may_end.set()

    assert 'fructosa_sensor_success{sensor="Hanging"} 0\n' in text
    assert 'fructosa_sensor_success{sensor="BootTime"} 1\n' in text
    assert "\nfructosa_boot_time_seconds 1" in text
    assert 0.7 < took_s < 30


class Users:
    """Fake users: the header "right" is right; each header is checked once."""

    def __init__(self):
        self.checked = {}

    def known(self, authorization):
        return self.checked.get(authorization)

    def check(self, authorization):
        self.checked[authorization] = authorization == "right"
        return self.checked[authorization]


@pytest.fixture
def guarded():
    """A server with authentication that does not delay checks."""
    make = lambda wake: Authenticator(Users(), wake)  # noqa: E731
    with serving(agent_server([SensorReader(SENSORS["BootTime"]())], make)) as running:
        yield running


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, 401), ({"Authorization": "wrong"}, 401), ({"Authorization": "right"}, 200)],
)
@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy"])
def test_only_authenticated_requests_succeed(guarded, headers, expected, path):
    """Both the first time and when the verdict is cached."""
    connection = connected(guarded)

    responses = [ask(connection, path, **headers) for _ in range(2)]
    connection.close()

    assert [expected] * 2 == [status for status, _, _ in responses]
    if expected == 401:
        assert responses[0][1]["WWW-Authenticate"].startswith('Basic realm="lagent"')


def test_rejected_clients_learn_nothing(guarded):
    """Not even which paths exist."""
    bodies = {
        raw(guarded, f"{line} HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n".encode()).split(
            b"\r\n\r\n"
        )[1]
        for line in ("GET /metrics", "GET /nothing", "POST /")
    }

    (body,) = bodies
    assert b"requires a valid user and password" in body


def test_the_name_of_the_node_is_escaped(connection, monkeypatch):
    """It may be any text."""
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(nodename="<b>&'\udcff"))

    _, _, text = ask(connection, "/")

    assert "lagent on &lt;b&gt;&amp;&#39;\\udcff</h1>" in text
