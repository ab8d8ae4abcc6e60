"""What is served at which address."""

import gzip
import threading
import time
from types import SimpleNamespace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_families

from fructosa_exporter.collect.collector import Collector
from fructosa_exporter.collect.sensor_reader import SensorReader
from fructosa_exporter.metrics import Family
from fructosa_exporter.sensor import Sensor
from fructosa_exporter.sensors import SENSORS
from fructosa_exporter.web.auth import Authenticator
from fructosa_exporter.web.handler import RequestHandler
from fructosa_exporter.web.server import Server
from fructosa_service.config.kinds import Endpoint
from tests.exporter.web.client import ask, connected, once, raw, serving


def agent_server(readers, make_authenticator=None):
    """Return a server of a site, as serve.py makes it."""
    server = Server([Endpoint("127.0.0.1", 0)], lambda *asked: handler.handle(*asked))
    collector = Collector(server.wake)
    authenticator = make_authenticator(server.wake) if make_authenticator else None
    handler = RequestHandler(readers, collector, time.monotonic, authenticator)
    server.polls += [collector.poll, *([authenticator.poll] if authenticator else [])]
    return server


@pytest.fixture
def connection():
    """A connection to a site of two sensors."""
    with serving(
        agent_server([SensorReader(SENSORS[name]()) for name in ("BootTime", "CPUCount")])
    ) as it:
        made = connected(it)
        yield made
        made.close()


def test_the_metrics_are_in_the_text_format(connection):
    """With the version that scrapers look for."""
    status, headers, text = ask(connection, "/metrics")

    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (status, headers["Content-Type"])
    assert "\nfructosa_boot_time_seconds 1" in text
    assert 'fructosa_sensor_success{sensor="BootTime"} 1\n' in text


def test_the_metrics_are_in_openmetrics_for_who_asks_for_it(connection):
    """Its parser reads the same."""
    accept = "application/openmetrics-text; version=1.0.0"
    _, headers, text = ask(connection, "/metrics", Accept=accept)
    _, _, plain = ask(connection, "/metrics")

    assert "application/openmetrics-text; version=1.0.0; charset=utf-8" == headers["Content-Type"]
    series = {
        parse: {(s.name, *s.labels.values()) for f in parse(page) for s in f.samples}
        for parse, page in ((openmetrics, text), (text_families, plain))
    }
    assert series[text_families] == series[openmetrics] != set()


def test_the_metrics_are_compressed_for_who_accepts_it(connection):
    """And are the same."""
    connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    text = gzip.decompress(answer.read()).decode()

    assert answer.headers["Content-Encoding"] == "gzip"
    assert "\nfructosa_boot_time_seconds 1" in text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("collect%5B%5D=CPUCount&other=1", {"CPUCount"}),
        ("exclude[]=CPUCount", {"BootTime"}),
    ],
)
def test_a_query_picks_sensors(connection, query, expected):
    """No series is there twice; any other parameter is left alone."""
    _, _, text = ask(connection, f"/metrics?{query}")

    told = [line for line in text.splitlines() if line.startswith("fructosa_sensor_success{")]
    assert {f'fructosa_sensor_success{{sensor="{name}"}} 1' for name in expected} == set(told)
    assert len(expected) == len(told)


def test_a_query_that_can_not_be_answered_is_a_bad_request(connection):
    """The answer says what may be asked for."""
    status, _, text = ask(connection, "/metrics?collect[]=CPUCount&collect[]=Users")

    assert (400, "'Users' is not read here; collect[] may be BootTime, CPUCount\n") == (
        status,
        text,
    )


def test_the_page_for_people_lists_the_sensors(connection):
    """Without reading them."""
    status, headers, text = ask(connection, "/")

    assert (200, "text/html; charset=utf-8") == (status, headers["Content-Type"])
    assert '<a href="/metrics?collect[]=BootTime">BootTime</a>' in text
    assert text.count("not asked for yet") == 2
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_it_says_that_it_is_healthy(connection):
    """As long as it runs."""
    status, _, text = ask(connection, "/-/healthy")

    assert (200, "lagent is healthy\n") == (status, text)


@pytest.mark.parametrize("path", ["/metric", "/metrics/", "//metrics", "/../etc/passwd", "*"])
def test_other_addresses_say_where_the_metrics_are(connection, path):
    """In one line; nothing else is there."""
    status, _, text = ask(connection, path)

    assert (404, "no such page; the metrics are at /metrics\n") == (status, text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
def test_other_methods_are_refused(connection, method):
    """No request can make the agent do anything but read."""
    status, headers, text = ask(connection, "/metrics", method)

    assert (405, "GET, HEAD") == (status, headers["Allow"])
    assert text == f"{method} changes nothing here; use GET or HEAD\n"


def test_head_has_the_length_of_the_page_and_no_body(connection):
    """The connection is kept."""
    status, headers, text = ask(connection, "/metrics", "HEAD")

    assert (200, "") == (status, text)
    assert int(headers["Content-Length"]) > 500
    assert ask(connection, "/metrics")[0] == 200


class TellsOthers(Sensor):
    """Tells what others wrote."""

    def samples(self):
        """Yield a histogram."""
        yield Family("jobs", "histogram", "Jobs.", ('jobs_bucket{le="+Inf"} 1', "jobs_count 1"))


def test_what_others_wrote_for_the_text_format_is_served_in_it():
    """Also to who would rather have OpenMetrics, which can't say all of it."""
    with serving(agent_server([SensorReader(TellsOthers())])) as server:
        _, headers, text = once(server, "/metrics", Accept="application/openmetrics-text")

    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert '# TYPE jobs histogram\njobs_bucket{le="+Inf"} 1\njobs_count 1\n' in text


class Misshapen(Sensor):
    """Tells what is no line."""

    def samples(self):
        """Yield a family that can't be written."""
        yield Family("jobs", "gauge", None, (1,))


def test_a_fault_of_ours_costs_one_answer(caplog):
    """It is logged with all that is known of it; the agent goes on."""
    readers = [SensorReader(Misshapen()), SensorReader(SENSORS["BootTime"]())]
    with serving(agent_server(readers)) as server:
        faulty = once(server, "/metrics")
        fine = once(server, "/metrics?collect[]=BootTime")

    assert (500, "a fault of lagent's own; its log says more\n") == (faulty[0], faulty[2])
    assert fine[0] == 200
    assert ["ERROR"] == [record.levelname for record in caplog.records]
    assert "Traceback" in caplog.text


class Hanging(Sensor):
    """Hangs until it is let go."""

    may_end = threading.Event()

    def samples(self):
        """Wait."""
        assert self.may_end.wait(60)
        return []


def test_the_page_is_there_within_the_scrapers_patience():
    """However long a sensor's own deadline is; the page for people says that it hangs."""
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
    """Users of a test: a password is right if it says so; each is checked once."""

    def __init__(self):
        self.checked = {}

    def known(self, authorization):
        return self.checked.get(authorization)

    def check(self, authorization):
        self.checked[authorization] = authorization == "right"
        return self.checked[authorization]


@pytest.fixture
def guarded():
    """A server that lets in who is right, and does not rest."""
    make = lambda wake: Authenticator(Users(), wake, sleep=lambda _: None)  # noqa: E731
    with serving(agent_server([SensorReader(SENSORS["BootTime"]())], make)) as running:
        yield running


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, 401), ({"Authorization": "wrong"}, 401), ({"Authorization": "right"}, 200)],
)
@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy"])
def test_only_who_is_right_is_let_in(guarded, headers, expected, path):
    """The first time, and again."""
    connection = connected(guarded)

    answers = [ask(connection, path, **headers) for _ in range(2)]
    connection.close()

    assert [expected] * 2 == [status for status, _, _ in answers]
    if expected == 401:
        assert answers[0][1]["WWW-Authenticate"].startswith('Basic realm="lagent"')


def test_who_is_not_let_in_learns_nothing(guarded):
    """Not even which addresses there are."""
    answers = {
        raw(guarded, f"{line} HTTP/1.1\r\nConnection: close\r\n\r\n".encode()).split(b"\r\n\r\n")[1]
        for line in ("GET /metrics", "GET /nothing", "POST /")
    }

    assert {b"user and password, please\n"} == answers


def test_a_node_that_is_called_like_markup_is_text(connection, monkeypatch):
    """Names come from anywhere."""
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(nodename="<b>&'\udcff"))

    _, _, text = ask(connection, "/")

    assert "lagent on &lt;b&gt;&amp;&#39;\\udcff</h1>" in text
