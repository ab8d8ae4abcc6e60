"""A whole system: agents, node_exporter, lmaster, a real Graphite and a real Prometheus.

Each node has its own loopback address, and all use the same port, as in a cluster. Prometheus gets
its targets from lmaster, so both scrape the same nodes.
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
from .processes import SERVED_ON, Agent, Master, Program, free_port, wait_until

ROOT = Path(__file__).parents[2]

PLAIN = ("127.0.1.1", "127.0.1.2")  # lagents that measure this machine
RECORDED = {"127.0.1.3": 1, "127.0.1.4": 2}  # recorded agents with all hardware, and their paces
NODE_EXPORTER = "127.0.1.5"
MASTER = "127.0.1.6"
DOWN = "127.0.1.7"
SLURM = "127.0.1.8"  # the page of a second lmaster, with recorded samples of Slurm

# A rate needs two scrapes; sums and rates of rates need more.
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
hosts = {master},{slurm}
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
    """A real Prometheus that gets its targets from an lmaster at *place*, a host:port."""

    def __init__(self, folder, program, place, cluster):
        folder.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        config = folder / "prometheus.yml"
        config.write_text(_PROMETHEUS.format(place=place, cluster=cluster))
        super().__init__(
            folder / "prometheus.log",
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self.address}",
            # By default, discovered targets are applied only every five seconds.
            "--scrape.discovery-reload-interval=100ms",
        )
        self.wait(self._is_ready)

    def _is_ready(self):
        try:
            return requests.get(f"http://{self.address}/-/ready", timeout=10).ok
        except requests.ConnectionError:
            return False

    def get(self, path, **query):
        """Return the data of a response; fail with the error of Prometheus."""
        url = f"http://{self.address}/api/v1/{path}"
        response = requests.get(url, params=query, timeout=30).json()
        assert response["status"] == "success", f"{query}: {response['error']}"
        return response["data"]


class _EarlyGraphite(Graphite):
    """A Graphite that sets *port* as soon as carbon listens; graphite-web takes seconds longer."""

    def __init__(self, folder, port):
        self._port = port
        super().__init__(folder)

    def start_carbon(self):
        super().start_carbon()
        if not self._port.done():
            self._port.set_result(self.pickle_port)


class WholeSystem:
    """The whole system in one folder; ready when both have scraped each target several times.

    ``began_s`` is the time of the start, before all points. ``pages`` has the pages of the nodes by
    host, from when it was ready. After ``rest()``, queries use the time of that call.
    """

    prefix = cluster = "cluster"
    groups = ("compute", "other", "master")

    def __init__(self, folder, prometheus="prometheus", node_exporter="prometheus-node-exporter"):
        """Start it; *prometheus* and *node_exporter* are the programs."""
        self.began_s = time.time()
        self._rest_time_s = None
        self._sources = []
        self._drivers = {}
        self._master_port = free_port()
        with ExitStack() as started, ThreadPoolExecutor() as pool:
            self._started = started
            graphite = self._start_graphite(pool, self._folder(folder, "graphite"))
            self._start_nodes(folder, node_exporter)
            self.master = self._start(self._master, folder, self._pickle_port.result())
            self._start(self._slurm, folder)
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
        """Return a future of the Graphite; if it does not start, its port fails too."""
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
        """Start everything that is scraped. The first takes a free port, the others the same."""
        first = self._start(Agent, self._folder(folder, PLAIN[0]), "--host", PLAIN[0])
        self._port = int(first.address.rpartition(":")[2])
        for host in PLAIN[1:]:
            agent = (self._folder(folder, host), "--host", host, "--port", str(self._port))
            self._start(Agent, *agent)
        begun = [self._start(self._recorded, folder, host) for host in RECORDED]
        place = f"--web.listen-address={NODE_EXPORTER}:{self._port}"
        begun.append(self._start(Program, folder / "node_exporter.log", node_exporter, place))
        for program in begun:
            program.wait_for_output(f"{SERVED_ON}|Listening on")
        for host, driver in self._drivers.items():
            self._page(host)  # an agent counts errors from its first reading on
            recorded_gpus.add_errors(driver, is_lost=host != next(iter(RECORDED)))

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
                slurm=SLURM,
                master_port=self._master_port,
                compute=",".join((*PLAIN, *RECORDED, DOWN)),
                other=NODE_EXPORTER,
                port=self._port,
                pickle=pickle_port,
                prefix=self.prefix,
            )
        )
        return Master(folder, "--port", str(self._master_port), "-c", config)

    def _slurm(self, folder):
        module, place = "tests.integration.recorded_slurm", ("--host", SLURM)
        place += ("--port", self._master_port, "--carbon-port", self._pickle_port.result())
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = (sys.executable, "-m", module, *place, "--prefix", self.prefix)
        return Program(folder / "slurm.log", *command, env=env)

    def _place(self, host):
        return f"{host}:{self._master_port if host in (MASTER, SLURM) else self._port}"

    def _page(self, host):
        response = requests.get(f"http://{self._place(host)}/metrics", timeout=10)
        response.raise_for_status()
        return response.text

    def node(self, host):
        """Return the name of a node in paths of Graphite: ``127-0-1-1``."""
        return host.replace(".", "-")

    def instance(self, host):
        """Return the instance of a node in Prometheus: ``127.0.1.1:9888``."""
        return self._place(host)

    @property
    def hosts(self):
        """The addresses of all nodes, including the one that is down."""
        return (*PLAIN, *RECORDED, NODE_EXPORTER, MASTER, SLURM, DOWN)

    def _scrapes(self):
        """Return the number of stored scrapes by host: ``{host: (Graphite, Prometheus)}``."""
        points = {
            path.split(".")[-3]: len(series)
            for path, series in self.render(f"{self.prefix}.*.up.*").items()
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
        """Return the series of *target* in Graphite: ``{path: {time: value}}``."""
        return self.graphite.render(target, self.began_s if from_s is None else from_s)

    def png(self, target, from_s=None, **query):
        """Return a PNG of *target*, a string or a list of strings, drawn by graphite-web."""
        return self.graphite.png(target, self.began_s if from_s is None else from_s, **query)

    def find(self, query):
        """Return the paths in Graphite that match *query*."""
        return self.graphite.find(query)

    def query(self, promql):
        """Return the result of an instant query to Prometheus: ``[(labels, value)]``."""
        data = self.prometheus.get("query", query=promql, time=self._now_s())
        assert data["resultType"] == "vector", f"{promql} is a {data['resultType']}"
        return [(series["metric"], float(series["value"][1])) for series in data["result"]]

    def query_range(self, promql, from_s=None, step_s=1):
        """Return the result of a range query up to now: ``[(labels, {time: value})]``."""
        data = self.prometheus.get(
            "query_range",
            query=promql,
            start=self.began_s if from_s is None else from_s,
            end=self._now_s(),
            step=step_s,
        )
        return [
            (series["metric"], {when: float(value) for when, value in series["values"]})
            for series in data["result"]
        ]

    def label_values(self, match, label):
        """Return the values of *label* in the series that *match*, with the request of Grafana.

        *match* is a metric name or a selector such as ``up{group="compute"}``.
        """
        query = {"match[]": match, "start": self.began_s}
        return self.prometheus.get(f"label/{label}/values", **query)

    def _now_s(self):
        return time.time() if self._rest_time_s is None else self._rest_time_s

    def rest(self):
        """End lmaster and all nodes, to free the machine; what was scraped can still be queried."""
        if self._rest_time_s is None:
            self._rest_time_s = time.time()
            for program in reversed(self._sources):
                program.end()

    def end(self):
        """End everything."""
        self._started.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
