"""The scrapers that are compared: how each is started, and what it reports about its work."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.exporter.processes import CannotRun, Exporter, free_port, running

from .farm import NodeFarm
from .own_metrics import OwnMetrics, query
from .sinks import Received, carbon_sink, remote_write_sink

PROMETHEUS = Path("/usr/bin/prometheus")
VMAGENT = Path("/usr/bin/vmagent")
LMASTER = (sys.executable, "-m", "fructosa_bridge")
# What a scraper adds to each page. lmaster: up, duration, number of samples. Prometheus: these,
# and two more counts of samples.
_LMASTER_EXTRA_POINTS = 3
_PROMETHEUS_EXTRA_SAMPLES = 5


@dataclass(frozen=True)
class Work:
    """What a scraper has done since it started; *missed* and *sent* only if it reports them."""

    scrapes: int
    samples: int
    up: int
    missed: int | None = None
    sent: int | None = None
    lost: int = 0


@dataclass(frozen=True)
class RunningScraper:
    """A running scraper; *work* returns what it has done."""

    name: str
    process: Exporter
    work: Callable[[], Work]


@contextmanager
def lmaster(
    folder: Path, farm: NodeFarm, interval_s: int, command: Sequence[str] = LMASTER
) -> Iterator[RunningScraper]:
    """Run lmaster until the block ends, with its queue on disk; the carbon sink drops the points.

    Raises: CannotRun if the sink has not received all points of all scrapes at the end.
    """
    folder.mkdir()
    port = free_port()
    last = Work(0, 0, 0)

    def work() -> Work:
        nonlocal last
        last = _lmaster_work(port, sink)
        return last

    with carbon_sink() as sink:
        config = folder / "lmaster.conf"
        config.write_text(
            f"[lmaster]\nhost = 127.0.0.1\nport = {port}\ndata directory = {folder}/data\n"
            f"[nodes:bench]\nhosts = {farm.node_set}\nport = {farm.port}\n"
            f"interval = {interval_s}\n"
            f"[Graphite]\nhost = 127.0.0.1\ncarbon receiver pickle port = {sink.port}\n"
        )
        with running("lmaster", [*command, "scrape", "-c", str(config)], port) as process:
            yield RunningScraper("lmaster", process, work)
        # On exit lmaster delivers its queue and closes the connection.
        if not sink.closed.wait(10):
            raise CannotRun("lmaster has exited, but its connection to carbon is still open")
    _check(sink, farm, last.scrapes)


def _lmaster_work(port: int, sink: Received) -> Work:
    metrics = OwnMetrics(port)
    dropped = metrics.total("fructosa_master_points_dropped")
    return Work(
        scrapes=metrics.total("fructosa_master_scrapes"),
        samples=metrics.total("fructosa_master_samples"),
        up=metrics.total("fructosa_master_targets", state="up"),
        missed=metrics.total("fructosa_master_slots_missed"),
        sent=sink.points,
        lost=dropped + metrics.total("fructosa_master_samples_dropped"),
    )


def _check(sink: Received, farm: NodeFarm, scrapes: int) -> None:
    """Check that the sink has received every scrape that lmaster counted, with all its points."""
    expected = sink.scrapes * (farm.samples + _LMASTER_EXTRA_POINTS)
    if sink.points != expected:
        raise CannotRun(
            f"carbon received {sink.points} points of {sink.scrapes} scrapes, expected {expected}"
        )
    if sink.scrapes < scrapes:
        raise CannotRun(f"carbon received {sink.scrapes} scrapes, but lmaster counts {scrapes}")


@contextmanager
def prometheus(folder: Path, farm: NodeFarm, interval_s: int) -> Iterator[RunningScraper]:
    """Run Debian's Prometheus until the block ends, with its own database."""
    _require(PROMETHEUS, "prometheus")
    folder.mkdir()
    port = free_port()
    command = [
        str(PROMETHEUS),
        f"--config.file={_prometheus_config(folder, farm, interval_s)}",
        f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with running("prometheus", command, port) as process:
        yield RunningScraper("prometheus", process, lambda: _prometheus_work(port))


def _prometheus_work(port: int) -> Work:
    samples = OwnMetrics(port).total("prometheus_tsdb_head_samples_appended")
    scrapes = query(port, "sum(count_over_time(up[1d]))")
    return Work(scrapes, samples - _PROMETHEUS_EXTRA_SAMPLES * scrapes, query(port, "sum(up)"))


@contextmanager
def vmagent(folder: Path, farm: NodeFarm, interval_s: int) -> Iterator[RunningScraper]:
    """Run Debian's vmagent until the block ends; the remote-write sink drops the samples."""
    _require(VMAGENT, "victoria-metrics")
    folder.mkdir()
    port = free_port()
    with remote_write_sink() as sink:
        command = [
            str(VMAGENT),
            f"-promscrape.config={_prometheus_config(folder, farm, interval_s)}",
            f"-httpListenAddr=127.0.0.1:{port}",
            f"-remoteWrite.url=http://127.0.0.1:{sink.port}/api/v1/write",
            f"-remoteWrite.tmpDataPath={folder}/queue",
            "-loggerLevel=ERROR",
        ]
        with running("vmagent", command, port) as process:
            yield RunningScraper("vmagent", process, lambda: _vmagent_work(port, sink))


def _vmagent_work(port: int, sink: Received) -> Work:
    metrics = OwnMetrics(port)
    return Work(
        scrapes=metrics.total("vm_promscrape_scrapes"),
        samples=metrics.total("vm_promscrape_scraped_samples_sum"),
        up=metrics.total("vm_promscrape_targets", status="up"),
        sent=sink.requests,
        lost=metrics.total("vmagent_remotewrite_packets_dropped"),
    )


def _prometheus_config(folder: Path, farm: NodeFarm, interval_s: int) -> Path:
    """Write the configuration for Prometheus and vmagent, which both can read; return its path."""
    nodes = [f"{address}:{farm.port}" for address in farm.addresses]
    (folder / "nodes.json").write_text(json.dumps([{"targets": nodes}]))
    config = folder / "scrape.yml"
    config.write_text(
        f"global: {{scrape_interval: {interval_s}s, scrape_timeout: {interval_s}s}}\n"
        "scrape_configs:\n"
        "  - job_name: bench\n"
        f"    file_sd_configs: [{{files: [{folder}/nodes.json]}}]\n"
    )
    return config


def _require(program: Path, package: str) -> None:
    if not program.exists():
        raise CannotRun(
            f"{program} is missing: apt-get install {package} "
            "(the benchmark starts its own, the service is not needed)"
        )
