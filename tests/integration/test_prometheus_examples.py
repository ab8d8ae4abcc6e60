"""docs/prometheus.md and examples/prometheus.yml with the real services.

They run a copy of the example with other addresses, folders and intervals.
"""

import os
import re
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
import yaml

from fructosa_bridge.web.discovery import NODES_JOB
from tests.services import program

from .processes import BIN, Agent, Master, Program, free_port, wait_until
from .test_secure import PASSWORD, Secured

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "prometheus.md").read_text()
PROMETHEUS = ROOT / "examples" / "prometheus.yml"
ALERTMANAGER = ROOT / "examples" / "alertmanager.yml"
RULES = ROOT / "grafana" / "prometheus"
PLACE = "/etc/prometheus"
SHORTENED = {"scrape_interval", "scrape_timeout", "evaluation_interval", "refresh_interval"}
GROUPS = {"fructosa-file": "compute", "fructosa-http": "compute", "fructosa-slow": "slow"}


def blocks(language):
    """Return the blocks of the page in a *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


WRITE_TARGETS = "lmaster targets --output /etc/prometheus/fructosa.json"
PACKAGES = {"curl": "curl", "promtool": "prometheus", "amtool": "prometheus-alertmanager"}
TAKE_CHANGES = f"lmaster reload && {WRITE_TARGETS}"
COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]


def adapted(value, words, key=None):
    """Return a part of a configuration with *words* replaced and intervals shortened."""
    if isinstance(value, dict):
        return {name: adapted(part, words, name) for name, part in value.items()}
    if isinstance(value, list):
        return [adapted(part, words) for part in value]
    if key in SHORTENED or value == "2m":
        return "1s"
    return replaced(value, words) if isinstance(value, str) else value


def replaced(text, words):
    """Return a *text* with *words* replaced."""
    for old, new in words.items():
        text = text.replace(old, str(new))
    return text


def read(path):
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text())


class PrometheusLab:
    """The environment of the page: agents with and without TLS, an lmaster, and a Prometheus."""

    def __init__(self, folder, running):
        self.folder = folder / "prometheus"
        self.conf = folder / "lmaster.conf"
        self.hosts = ["localhost"]
        for name in ("prometheus", "plain", "secure"):
            (folder / name).mkdir()
        self.secured = Secured(folder / "secure")
        running.enter_context(self.secured.agent)
        agent = running.enter_context(Agent(folder / "plain"))
        self.agent_port = agent.address.rpartition(":")[2]
        self.secured_port = self.secured.agent.address.rpartition(":")[2]
        self.ports = {name: free_port() for name in ("head", "prometheus", "alertmanager")}
        self.words = {
            PLACE: self.folder,
            "head:9889": f"localhost:{self.ports['head']}",
            "node001:9888": f"localhost:{self.agent_port}",
            "node002:9888": f"127.0.0.1:{self.agent_port}",
            "localhost:9090": f"localhost:{self.ports['prometheus']}",
            "localhost:9093": f"localhost:{self.ports['alertmanager']}",
        }
        self.files()
        # Start Prometheus first: it takes the longest, and finds its targets later.
        running.enter_context(self.prometheus())
        running.enter_context(Master(folder, "-c", self.conf, "--port", self.ports["head"]))
        assert 0 == self.run(WRITE_TARGETS).returncode

    def files(self):
        """Write all files that configurations name, except the list of targets."""
        (self.folder / "fructosa.password").write_text(PASSWORD)
        ca = self.secured.ca.certificate.read_text()
        (self.folder / "fructosa-ca.pem").write_text(ca)
        for path in RULES.glob("fructosa-*.yml"):
            (self.folder / path.name).write_text(path.read_text())
        (self.folder / "alertmanager.yml").write_text(ALERTMANAGER.read_text())
        self.configure()

    def configure(self):
        """Write lmaster.conf."""
        compute = f"hosts = {', '.join(self.hosts)}\nport = {self.agent_port}\ninterval = 1\n"
        self.conf.write_text(
            f"[lmaster]\nport = {self.ports['head']}\n[Graphite]\nsend = no\n"
            f"[slurm]\ncommands = {self.folder}\n"  # there are none: nothing is known of the nodes
            f"[nodes:compute]\n{compute}[nodes:slow]\n{compute}sensors = CPUCount, BootTime\n"
            f"[nodes:secure]\nhosts = localhost\nport = {self.secured_port}\nprefix = secure\n"
            "interval = 1\n"
            f"tls = yes\ntls ca = {self.folder}/fructosa-ca.pem\n"
            f"user = prometheus\npassword file = {self.folder}/fructosa.password\n"
        )

    def prometheus(self):
        """Start Prometheus with the adapted example."""
        config = self.folder / "prometheus.yml"
        example = adapted(read(PROMETHEUS), self.words)
        (of_nodes,) = (one for one in example["scrape_configs"] if one["job_name"] == NODES_JOB)
        # lmaster's list says once a minute: the first scrape may take as long.
        of_nodes["relabel_configs"] += [
            {"target_label": f"__scrape_{name}__", "replacement": "1s"}
            for name in ("interval", "timeout")
        ]
        config.write_text(yaml.safe_dump(example))
        return Program(
            self.folder / "log",
            program("prometheus", "prometheus"),
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}",
        )

    def run(self, command):
        """Run a command of the page; return the completed process."""
        command = replaced(command, self.words)
        command = re.sub(r"\blmaster (\w+)", rf"lmaster \1 -c {self.conf}", command)
        return subprocess.run(
            ["bash", "-c", command],
            cwd=ROOT,
            env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def get(self, path, **parameters):
        """Return the data of Prometheus' response; {} before it is ready."""
        try:
            url = f"http://127.0.0.1:{self.ports['prometheus']}/api/v1/{path}"
            response = requests.get(url, params=parameters, timeout=10)
            response.raise_for_status()
        except (requests.ConnectionError, requests.HTTPError):
            return {}
        return response.json()["data"]

    def labels(self, query, *names):
        """Return these labels of all series that a query returns."""
        result = self.get("query", query=query).get("result", [])
        return {tuple(one["metric"].get(name) for name in names) for one in result}

    def expected(self):
        """Return job, cluster, group and instance of all targets that must be up in the end."""
        both = {f"{host}:{self.agent_port}" for host in ("localhost", "127.0.0.1")}
        now = {f"{host}:{self.agent_port}" for host in self.hosts}
        found = {("fructosa-static", "hpc", "compute", place) for place in both}
        found |= {(job, "hpc", group, place) for job, group in GROUPS.items() for place in now}
        found.add(("fructosa-tls", "hpc", "secure", f"localhost:{self.secured_port}"))
        for job in ("lmaster", "lmaster-nodes"):
            found.add((job, "hpc", None, f"localhost:{self.ports['head']}"))
        return found

    def wait(self):
        """Wait until exactly the expected targets are up."""

        def up():
            return self.labels("up == 1", "job", "cluster", "group", "instance")

        wait_until(lambda: up() == self.expected(), lambda: (up(), self.expected()))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The environment, started once: Prometheus takes up to 5 s until it has its targets."""
    with ExitStack() as running:
        made = PrometheusLab(tmp_path_factory.mktemp("lab"), running)
        made.wait()
        yield made


def test_promtool_accepts_the_example(lab, tmp_path):
    """The files that it names exist."""
    copy = tmp_path / "prometheus.yml"
    copy.write_text(PROMETHEUS.read_text().replace(PLACE, str(lab.folder)))

    checked = lab.run(f"promtool check config {copy}")

    assert (0, "") == (checked.returncode, checked.stderr)
    assert "SUCCESS: 2 rule files found" in checked.stdout
    assert "WARNING" not in checked.stdout


def test_every_job_of_the_example_has_its_targets_up(lab):
    """They have exactly the labels that the dashboards select by."""
    lab.wait()

    jobs = {job["job_name"] for job in read(PROMETHEUS)["scrape_configs"]}
    assert jobs == {job for job, *_ in lab.expected()}
    assert lab.words["localhost:9093"] in str(lab.get("alertmanagers"))


def test_only_nodes_with_tls_get_a_password(lab):
    """lmaster's list of targets has both kinds of nodes."""
    targets = lab.get("targets", state="active")["activeTargets"]
    secret = {one["scrapePool"] for one in targets if one["scrapeUrl"].startswith("https:")}
    assert {"fructosa-tls"} == secret
    assert 1 == sum(one["scrapePool"] == "fructosa-tls" for one in targets)


def test_selected_sensors_are_scraped_by_their_own_job(lab):
    """The other jobs scrape all sensors."""
    series = 'fructosa_sensor_success{job="%s"}'

    wait_until(lambda: lab.labels(series % "fructosa-slow"), lambda: "fructosa-slow")
    wait_until(lambda: lab.labels(series % "fructosa-http"), lambda: "fructosa-http")

    assert {("CPUCount",), ("BootTime",)} == lab.labels(series % "fructosa-slow", "sensor")
    assert 10 < len(lab.labels(series % "fructosa-http", "sensor"))


def test_what_slurm_says_of_a_node_has_its_instance(lab):
    """Also the label with its name: so rules find what belongs together."""
    labels = ("cluster", "node", "instance")
    place = f"localhost:{lab.agent_port}"
    expected = {("hpc", "localhost", place)}

    wait_until(
        lambda: expected <= lab.labels("fructosa_node_expected == 1", *labels),
        lambda: lab.labels("fructosa_node_expected", *labels),
    )

    assert ("hpc", "localhost", place) in lab.labels('up{job="fructosa-http"}', *labels)
    joined = 'up{job="fructosa-http"} * on (cluster, instance) group_left fructosa_node_expected'
    assert lab.labels('up{job="fructosa-http"}', *labels) == lab.labels(joined, *labels)


def test_prometheus_finds_a_new_node_from_lmaster_and_from_the_file(lab):
    """One command of the page is enough; Prometheus needs no change."""
    lab.hosts.append("127.0.0.1")
    lab.configure()
    done = lab.run(TAKE_CHANGES)

    assert (0, "") == (done.returncode, done.stderr)
    lab.wait()


def test_the_page_has_the_commands_that_pass_nodes_to_prometheus():
    """The other tests use them."""
    assert {WRITE_TARGETS, TAKE_CHANGES} < set(COMMANDS)


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if one not in {WRITE_TARGETS, TAKE_CHANGES}]
)
def test_a_command_of_the_page_succeeds(lab, command):
    """It prints no error."""
    tool = command.split()[0]
    if tool in PACKAGES:
        program(tool, PACKAGES[tool])

    done = lab.run(command)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "error" not in done.stderr.lower()


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_block_of_the_page_is_a_part_of_the_examples(block):
    """It may have some of the jobs; other sections must be complete."""
    examples = read(PROMETHEUS) | read(ALERTMANAGER)
    shown = yaml.safe_load(block)

    for job in shown.pop("scrape_configs", []):
        assert job in examples["scrape_configs"]
    assert {name: examples[name] for name in shown} == shown


def test_every_alert_has_a_name_and_a_severity_that_is_routed():
    """The alerts that Alertmanager's example and the page name exist."""
    groups = read(RULES / "fructosa-alerts.yml")["groups"]
    alerts = {rule["alert"]: rule["labels"] for group in groups for rule in group["rules"]}

    named = set(re.findall(r"Fructosa\w+\b(?!\.\+)", ALERTMANAGER.read_text() + PAGE))
    assert named <= alerts.keys()
    assert all(name.startswith("Fructosa") for name in alerts)
    assert {"critical", "warning"} >= {labels["severity"] for labels in alerts.values()}


def test_the_rules_match_every_job_of_the_example():
    """Each job is of nodes or of lmaster, never both."""
    patterns = re.findall(r'job=~"(.+?)"', (RULES / "fructosa-alerts.yml").read_text())
    jobs = [job["job_name"] for job in read(PROMETHEUS)["scrape_configs"]]

    known = {job: [one for one in set(patterns) if re.fullmatch(one, job)] for job in jobs}

    assert [1] * len(jobs) == [len(found) for found in known.values()]
