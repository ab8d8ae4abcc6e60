"""What is compared: how each scraper is started, and what it says of its own work."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.exporter.processes import CannotRun, Exporter, free_port, running

from .farm import Farm
from .said import Said, query
from .sinks import Received, carbon_sink, remote_write_sink

PROMETHEUS = Path("/usr/bin/prometheus")
VMAGENT = Path("/usr/bin/vmagent")
LMASTER = (sys.executable, "-m", "fructosa_bridge")
# lmaster: up, duration, number of samples. Prometheus: these, and two more counts of samples.
_OWN_POINTS = 3
_OWN_SAMPLES = 5


@dataclass(frozen=True)
class Work:
    """What a scraper says it has done since it began; *missed* and *sent* where it tells."""

    scrapes: int
    samples: int
    up: int
    missed: int | None = None
    sent: int | None = None
    lost: int = 0


@dataclass(frozen=True)
class Scraping:
    """A running scraper, and how to ask what it has done."""

    name: str
    process: Exporter
    work: Callable[[], Work]


@contextmanager
def lmaster(
    folder: Path, farm: Farm, interval_s: int, command: Sequence[str] = LMASTER
) -> Iterator[Scraping]:
    """Run lmaster until the block ends: with its queue on disk, into a carbon that forgets.

    Raises: CannotRun when, at the end, the carbon has not got all points of all scrapes.
    """
    folder.mkdir()
    port = free_port()
    known = [Work(0, 0, 0)]

    def work() -> Work:
        known.append(_lmaster_work(port, sink))
        return known[-1]

    with carbon_sink() as sink:
        config = folder / "lmaster.conf"
        config.write_text(
            f"[lmaster]\nhost = 127.0.0.1\nport = {port}\ndata directory = {folder}/data\n"
            f"[nodes:bench]\nhosts = {farm.node_set}\nport = {farm.port}\n"
            f"interval = {interval_s}\n"
            f"[Graphite]\nhost = 127.0.0.1\ncarbon receiver pickle port = {sink.port}\n"
        )
        with running("lmaster", [*command, "scrape", "-c", str(config)], port) as process:
            yield Scraping("lmaster", process, work)
        # The end delivers what was queued, and closes the connection: then all must be there.
        if not sink.closed.wait(10):
            raise CannotRun("lmaster has ended, but not its connection to carbon")
    _check(sink, farm, known[-1].scrapes)


def _lmaster_work(port: int, sink: Received) -> Work:
    said = Said(port)
    dropped = said.total("fructosa_master_points_dropped")
    return Work(
        scrapes=said.total("fructosa_master_scrapes"),
        samples=said.total("fructosa_master_samples"),
        up=said.total("fructosa_master_targets", state="up"),
        missed=said.total("fructosa_master_slots_missed"),
        sent=sink.points,
        lost=dropped + said.total("fructosa_master_samples_dropped"),
    )


def _check(sink: Received, farm: Farm, scrapes: int) -> None:
    """Compare what came with what was scraped: each scrape whole, and none less."""
    wanted = sink.scrapes * (farm.samples + _OWN_POINTS)
    if sink.points != wanted or sink.scrapes < scrapes:
        raise CannotRun(
            f"carbon got {sink.points} points of {sink.scrapes} scrapes, which is not "
            f"{wanted}, or lmaster had counted more than those scrapes: {scrapes}"
        )


@contextmanager
def prometheus(folder: Path, farm: Farm, interval_s: int) -> Iterator[Scraping]:
    """Run Debian's Prometheus until the block ends, into its own database."""
    _need(PROMETHEUS, "prometheus")
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
        yield Scraping("prometheus", process, lambda: _prometheus_work(port))


def _prometheus_work(port: int) -> Work:
    samples = Said(port).total("prometheus_tsdb_head_samples_appended")
    scrapes = query(port, "sum(count_over_time(up[1d]))")
    return Work(scrapes, samples - _OWN_SAMPLES * scrapes, query(port, "sum(up)"))


@contextmanager
def vmagent(folder: Path, farm: Farm, interval_s: int) -> Iterator[Scraping]:
    """Run Debian's vmagent until the block ends, into a server that forgets."""
    _need(VMAGENT, "victoria-metrics")
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
            yield Scraping("vmagent", process, lambda: _vmagent_work(port, sink))


def _vmagent_work(port: int, sink: Received) -> Work:
    said = Said(port)
    return Work(
        scrapes=said.total("vm_promscrape_scrapes"),
        samples=said.total("vm_promscrape_scraped_samples_sum"),
        up=said.total("vm_promscrape_targets", status="up"),
        sent=sink.requests,
        lost=said.total("vmagent_remotewrite_packets_dropped"),
    )


def _prometheus_config(folder: Path, farm: Farm, interval_s: int) -> Path:
    """Write what Prometheus and vmagent read alike."""
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


def _need(program: Path, package: str) -> None:
    if not program.exists():
        raise CannotRun(
            f"{program} is missing: apt-get install {package} "
            "(the benchmark starts it by itself, its service is not needed)"
        )
