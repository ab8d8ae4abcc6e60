"""The real services. One that is not installed skips its tests, and is named.

With FRUCTOSA_REQUIRE_SERVICES=1, as in CI, it fails them instead.
"""

import os
import shutil
import subprocess

import pytest
import requests

from fructosa_exporter.sensors import SENSORS

from .graphite import VENV, Carbon, Graphite
from .processes import Agent, Master, Program, free_port
from .whole_system import WholeSystem

ALL_SENSORS = "".join(f"[sensor:{name}]\n" for name in SENSORS)
EVERYTHING = ALL_SENSORS.replace(
    "[sensor:NetConnections]\n", "[sensor:NetConnections]\naddresses = yes\n"
).replace("[sensor:Users]\n", "[sensor:Users]\nnames = yes\n")


def missing(what, package):
    """Skip the test, or fail it where services are required."""
    reason = f"{what} is not here; as root, make test installs it ({package})"
    if os.environ.get("FRUCTOSA_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name, package):
    """Return the path of a program of one of Debian's packages."""
    return shutil.which(name) or missing(name, f"Debian's {package}")


@pytest.fixture(scope="session")
def promtool():
    """Return a function that runs promtool on a page: exit code, and what it had to say."""
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
    """A function that starts a carbon-cache of its own in a folder of the test."""
    if not (VENV / ".installed").exists():
        missing("Graphite", "from PyPI, with Python 3.11")
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
    """A Graphite with a slot a second, whose carbon runs when a test begins."""
    if _graphite.carbon.process.poll() is not None:
        _graphite.start_carbon()
    return _graphite


@pytest.fixture(scope="session")
def _graphite(tmp_path_factory):
    if not (VENV / ".installed").exists():
        missing("Graphite", "from PyPI, with Python 3.11")
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
    """An agent that reads every sensor, and tells all."""
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
    """A function that starts a real Prometheus on given targets, and returns how to ask it."""
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

        def ask(query):
            """Return the answer to an instant query: ``[(labels, value)]``."""
            answer = requests.get(
                f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}, timeout=10
            )
            answer.raise_for_status()
            found = answer.json()["data"]["result"]
            return [(series["metric"], float(series["value"][1])) for series in found]

        def is_up():
            try:
                up = ask("up")
            except (requests.ConnectionError, requests.HTTPError):  # not there, or not ready
                return False
            return len(up) == len(targets) and all(value == 1 for _, value in up)

        running.wait(is_up)
        return ask

    yield start
    for running in started:
        running.end()


@pytest.fixture(scope="session")
def whole_system(tmp_path_factory):
    """Agents with every sensor, node_exporter, lmaster, a real Graphite and a real Prometheus."""
    if not (VENV / ".installed").exists():
        missing("Graphite", "from PyPI, with Python 3.11")
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
