"""A whole system: agents, node_exporter, lmaster, a real Graphite and a real Prometheus.

Each node has an address of its own of the loopback network, and all have one port, as nodes of a
cluster have. Prometheus gets its targets from lmaster, so both see the same nodes.
"""

import os
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import requests

from . import recorded_gpus
from .graphite import Graphite
from .processes import Agent, Master, Program, free_port, wait_until

ROOT = Path(__file__).parents[2]

PLAIN = ("127.0.1.1", "127.0.1.2")  # lagents of this machine
RECORDED = {"127.0.1.3": 1, "127.0.1.4": 2}  # those that have everything, and their paces
NODE_EXPORTER = "127.0.1.5"
MASTER = "127.0.1.6"
DOWN = "127.0.1.7"

# A rate needs two scrapes; sums, and rates of rates, some more.
_SCRAPES = 5

_LMASTER = """\
[lmaster]
host = {master}
port = {master_port}
[nodes:compute]
hosts = {compute}
port = {port}
interval = 1
[nodes:other]
hosts = {other}
port = {port}
interval = 1
[nodes:master]
hosts = {master}
port = {master_port}
interval = 1
[Graphite]
host = 127.0.0.1
carbon receiver pickle port = {pickle}
prefix = {prefix}
"""

_PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
- job_name: fructosa
  http_sd_configs: [{{url: 'http://{place}/sd', refresh_interval: 1s}}]
  relabel_configs: [{{target_label: cluster, replacement: {cluster}}}]
"""


class Prometheus(Program):
    """A real Prometheus, that gets its targets from an lmaster at *place*."""

    def __init__(self, folder, program, place, cluster):
        folder.mkdir()
        self.place = f"127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(_PROMETHEUS.format(place=place, cluster=cluster))
        super().__init__(
            folder / "prometheus.log",
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self.place}",
            # Else what was discovered waits for up to five seconds, once more.
            "--scrape.discovery-reload-interval=100ms",
        )
        self.wait(self._is_ready)

    def _is_ready(self):
        try:
            return requests.get(f"http://{self.place}/-/ready", timeout=10).ok
        except requests.ConnectionError:
            return False

    def ask(self, path, **query):
        """Return the data of an answer; what Prometheus refuses fails, with its own words."""
        answer = requests.get(f"http://{self.place}/api/v1/{path}", params=query, timeout=30).json()
        assert answer["status"] == "success", f"{query}: {answer['error']}"
        return answer["data"]


class _EarlyGraphite(Graphite):
    """A Graphite that says where carbon listens at once; its web application takes seconds."""

    def __init__(self, folder, port):
        self._port = port
        super().__init__(folder)

    def start_carbon(self):
        super().start_carbon()
        if not self._port.done():
            self._port.set_result(self.pickle_port)


class WholeSystem:
    """All of it, below one folder; ready when each target was scraped some times by both.

    ``began_s`` is when it began: all points are younger. ``pages`` are what the nodes served when
    it was ready, by host. Once it rests, Graphite and Prometheus answer as of that moment.
    """

    prefix = cluster = "cluster"
    groups = ("compute", "other", "master")

    def __init__(self, folder, prometheus="prometheus", node_exporter="prometheus-node-exporter"):
        """Start it; *prometheus* and *node_exporter* are the programs."""
        self.began_s = time.time()
        self._rests_since_s = None
        self._sources = []
        self._drivers = {}
        self._master_port = free_port()
        with ExitStack() as started, ThreadPoolExecutor() as pool:
            self._started = started
            graphite = self._start_graphite(pool, self._folder(folder, "graphite"))
            self._start_nodes(folder, node_exporter)
            self.master = self._start(self._master, folder, self._pickle_port.result())
            self.prometheus = Prometheus(
                folder / "prometheus", prometheus, self._place(MASTER), self.cluster
            )
            started.callback(self.prometheus.end)
            self.graphite = graphite.result()
            wait_until(self._is_filled, lambda: f"{_SCRAPES} scrapes of each: {self._scrapes()}")
            self.pages = {host: self._page(host) for host in self.hosts if host != DOWN}
            self._started = started.pop_all()

    @staticmethod
    def _folder(folder, name):
        (folder / name).mkdir()
        return folder / name

    def _start(self, program, *arguments):
        self._sources.append(self._started.enter_context(program(*arguments)))
        return self._sources[-1]

    def _start_graphite(self, pool, folder):
        """Return what will be Graphite; it fails, and so does its port, if it can't be started."""
        self._pickle_port = Future()
        graphite = pool.submit(_EarlyGraphite, folder, self._pickle_port)
        graphite.add_done_callback(
            lambda done: (
                self._pickle_port.done() or self._pickle_port.set_exception(done.exception())
            )
        )
        self._started.callback(lambda: graphite.result().end())
        return graphite

    def _start_nodes(self, folder, node_exporter):
        """Start all that is scraped. The first takes a free port; all others take the same."""
        first = self._start(Agent, self._folder(folder, PLAIN[0]), "--host", PLAIN[0])
        self._port = int(first.place.rpartition(":")[2])
        for host in PLAIN[1:]:
            agent = (self._folder(folder, host), "--host", host, "--port", str(self._port))
            self._start(Agent, *agent)
        begun = [self._start(self._recorded, folder, host) for host in RECORDED]
        place = f"--web.listen-address={NODE_EXPORTER}:{self._port}"
        begun.append(self._start(Program, folder / "node_exporter.log", node_exporter, place))
        for program in begun:
            program.said(r"served on|Listening on")
        for host, driver in self._drivers.items():
            self._page(host)  # from its first reading on an agent is told of errors
            recorded_gpus.has_trouble(driver, is_lost=host != next(iter(RECORDED)))

    def _recorded(self, folder, host):
        log, module = folder / f"{host}.log", "tests.integration.recorded_agent"
        place = ("--host", host, "--port", self._port, "--pace", RECORDED[host])
        self._drivers[host] = recorded_gpus.driver(self._folder(folder, f"{host}.gpus"))
        env = {**os.environ, **self._drivers[host].environment, "PYTHONPATH": str(ROOT)}
        return Program(log, sys.executable, "-m", module, *place, env=env)

    def _master(self, folder, pickle_port):
        config = folder / "lmaster.conf"
        config.write_text(
            _LMASTER.format(
                master=MASTER,
                master_port=self._master_port,
                compute=",".join((*PLAIN, *RECORDED, DOWN)),
                other=NODE_EXPORTER,
                port=self._port,
                pickle=pickle_port,
                prefix=self.prefix,
            )
        )
        return Master(folder, "--port", str(self._master_port), "-c", config)

    def _place(self, host):
        return f"{host}:{self._master_port if host == MASTER else self._port}"

    def _page(self, host):
        answer = requests.get(f"http://{self._place(host)}/metrics", timeout=10)
        answer.raise_for_status()
        return answer.text

    def node(self, host):
        """Return what a node is called in Graphite's paths: ``127-0-1-1``."""
        return host.replace(".", "-")

    def instance(self, host):
        """Return what a node is called in Prometheus: ``127.0.1.1:9888``."""
        return self._place(host)

    @property
    def hosts(self):
        """All of them, that which is down too."""
        return (*PLAIN, *RECORDED, NODE_EXPORTER, MASTER, DOWN)

    def _scrapes(self):
        """Return how many scrapes of each node both hold: ``{host: (Graphite, Prometheus)}``."""
        points = {
            path.split(".")[-3]: len(held)
            for path, held in self.render(f"{self.prefix}.*.up.*").items()
        }
        counts = {
            labels["instance"]: int(value)
            for labels, value in self.query("count_over_time(up[1m])")
        }
        return {
            host: (points.get(self.node(host), 0), counts.get(self.instance(host), 0))
            for host in self.hosts
        }

    def _is_filled(self):
        return all(min(counts) >= _SCRAPES for counts in self._scrapes().values())

    def render(self, target, from_s=None):
        """Return each series that *target* is: ``{path: {time: value}}``."""
        return self.graphite.render(target, self.began_s if from_s is None else from_s)

    def png(self, target, from_s=None, **query):
        """Return a PNG that graphite-web draws of *target*, a string or a list of them."""
        return self.graphite.png(target, self.began_s if from_s is None else from_s, **query)

    def find(self, query):
        """Return the paths that Graphite has for *query*, one part deep."""
        return self.graphite.find(query)

    def query(self, promql):
        """Return Prometheus' answer to an instant query: ``[(labels, value)]``."""
        found = self.prometheus.ask("query", query=promql, time=self._now_s())
        assert found["resultType"] == "vector", f"{promql} is a {found['resultType']}"
        return [(series["metric"], float(series["value"][1])) for series in found["result"]]

    def query_range(self, promql, from_s=None, step_s=1):
        """Return Prometheus' answer up to now: ``[(labels, {time: value})]``."""
        found = self.prometheus.ask(
            "query_range",
            query=promql,
            start=self.began_s if from_s is None else from_s,
            end=self._now_s(),
            step=step_s,
        )
        return [
            (series["metric"], {when: float(value) for when, value in series["values"]})
            for series in found["result"]
        ]

    def label_values(self, match, label):
        """Return the values that *label* has in the series that *match*, as Grafana asks for them.

        *match* is a metric, or a selector such as ``up{group="compute"}``.
        """
        query = {"match[]": match, "start": self.began_s}
        return self.prometheus.ask(f"label/{label}/values", **query)

    def _now_s(self):
        return time.time() if self._rests_since_s is None else self._rests_since_s

    def rest(self):
        """End lmaster and all nodes: what was scraped stays, and the machine is free for others."""
        if self._rests_since_s is None:
            self._rests_since_s = time.time()
            for program in reversed(self._sources):
                program.end()

    def end(self):
        """End all of it."""
        self._started.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
