"""Fixtures with real services. If a service is not installed, its tests are skipped."""

import subprocess

import pytest
import requests

from fructosa_exporter.sensors import SENSORS
from tests.services import missing, program, shared_library

from .graphite import VENV, Carbon, Graphite
from .processes import Agent, Master, Program, free_port
from .whole_system import WholeSystem

ALL_SENSORS = "".join(f"[sensor:{name}]\n" for name in SENSORS)
EVERYTHING = ALL_SENSORS.replace(
    "[sensor:NetConnections]\n", "[sensor:NetConnections]\naddresses = yes\n"
).replace("[sensor:Users]\n", "[sensor:Users]\nnames = yes\n")


def need_graphite():
    """Skip the test if Graphite is not installed."""
    if not (VENV / ".installed").exists():
        missing("Graphite", "from PyPI, with Python 3.11")


@pytest.fixture(scope="session")
def promtool():
    """A function that checks a page with promtool, and returns exit code and error output."""
    path = program("promtool", "prometheus")

    def check(page):
        done = subprocess.run(
            [path, "check", "metrics"],
            input=page.encode(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        return done.returncode, done.stderr.decode()

    return check


@pytest.fixture
def start_carbon(tmp_path):
    """A function that starts a carbon-cache in a folder of the test."""
    need_graphite()
    started = []

    def start(name="carbon", rules=None):
        (tmp_path / name).mkdir()
        started.append(Carbon(tmp_path / name, rules))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture
def graphite(_graphite):
    """A Graphite with one slot per second, with a running carbon."""
    if _graphite.carbon.process.poll() is not None:
        _graphite.start_carbon()
    return _graphite


@pytest.fixture(scope="session")
def _graphite(tmp_path_factory):
    need_graphite()
    shared_library("cairo", "libcairo2")
    running = Graphite(tmp_path_factory.mktemp("graphite"))
    yield running
    running.end()


@pytest.fixture
def agent(tmp_path):
    """An agent without a configuration file."""
    with Agent(tmp_path) as running:
        yield running


@pytest.fixture
def full_agent(tmp_path):
    """An agent that reads all sensors, with all optional data."""
    config = tmp_path / "lagent.conf"
    config.write_text(EVERYTHING)
    with Agent(tmp_path, "-c", config) as running:
        yield running


@pytest.fixture
def master(tmp_path):
    """A function that starts `lmaster scrape` with given arguments."""
    started = []

    def start(*arguments, log=None):
        started.append(Master(tmp_path, *arguments, log=log))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture
def prometheus(tmp_path):
    """A function that starts a real Prometheus with some targets, and returns a query function."""
    path = program("prometheus", "prometheus")
    started = []

    def start(*targets):
        port = free_port()
        config = tmp_path / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs:\n"
            "- job_name: lagent\n"
            f"  static_configs: [{{targets: {list(targets)}}}]\n"
        )
        running = Program(
            tmp_path / "prometheus.log",
            path,
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path}/prometheus",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        started.append(running)

        def query(promql):
            """Return the result of an instant query: ``[(labels, value)]``."""
            response = requests.get(
                f"http://127.0.0.1:{port}/api/v1/query", params={"query": promql}, timeout=10
            )
            response.raise_for_status()
            result = response.json()["data"]["result"]
            return [(series["metric"], float(series["value"][1])) for series in result]

        def is_up():
            try:
                up = query("up")
            except (requests.ConnectionError, requests.HTTPError):  # not started, or not ready
                return False
            return len(up) == len(targets) and all(value == 1 for _, value in up)

        running.wait(is_up)
        return query

    yield start
    for running in started:
        running.end()


@pytest.fixture(scope="session")
def whole_system(tmp_path_factory):
    """Agents with all sensors, node_exporter, lmaster, a real Graphite and a real Prometheus."""
    need_graphite()
    shared_library("cairo", "libcairo2")
    programs = {
        "prometheus": program("prometheus", "prometheus"),
        "node_exporter": program("prometheus-node-exporter", "prometheus-node-exporter"),
    }
    with WholeSystem(tmp_path_factory.mktemp("whole-system"), **programs) as running:
        running.rest()
        yield running


@pytest.fixture
def browser(tmp_path):
    """A headless Chromium, driven by Selenium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium")
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1300,1100",
        f"--user-data-dir={tmp_path}/chromium",
    ):
        options.add_argument(flag)
    service = webdriver.ChromeService(program("chromedriver", "chromium-driver"))
    driver = webdriver.Chrome(options, service)
    yield driver
    driver.quit()
