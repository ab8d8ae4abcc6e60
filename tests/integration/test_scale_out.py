"""docs/scale-out.md: what it configures is run here, with other addresses and intervals."""

import re
import shlex
import signal
import struct
from contextlib import ExitStack
from operator import le
from pathlib import Path

import pytest
import whisper

from fructosa_bridge.config.shard import shard_of
from fructosa_bridge.naming import graphite_paths

from .conftest import program
from .farm import Farm
from .processes import Master, Program, wait_until
from .relay import CarbonRelay
from .victoria import Victoria

TEXT = (Path(__file__).parents[2] / "docs" / "scale-out.md").read_text()
NODES = 20
SLOWLY = 60  # seconds in which a loaded machine does what takes an idle one a tenth


def block(heading, language):
    """Return the one block in a *language* below a *heading* of the page."""
    (below,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", below, re.DOTALL | re.MULTILINE)
    return found


def adapted(text, **changes):
    """Return a *text* of the page with another line or word for each that must stand there."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old} in:\n{text}"
        text = text.replace(old, new)
    return text


@pytest.fixture
def ending():
    """What ends all that a test has started, the latest first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def farm(ending):
    """Nodes at 127.3.0.1 and so on, whose pages count how often they were asked."""
    return ending.enter_context(Farm(NODES))


@pytest.fixture
def lmaster(ending, tmp_path, farm):
    """A function that starts an lmaster with a configuration of the page, for the farm."""

    def start(text, host, port, name="one", interval_s=1, page="/metrics"):
        config = adapted(
            text,
            **{
                "hosts = node[001-128]": f"hosts = 127.3.0.[1-{NODES}]\nport = {farm.port}\n"
                f"path = {page}",
                "interval = 10": f"interval = {interval_s}",
                f"host = {host}.cluster": "host = 127.0.0.1",
            },
        )
        if "carbon receiver port" in config:
            config = adapted(config, **{"port = 2003": f"port = {port}"})
        else:
            config += f"carbon receiver pickle port = {port}\n"
        (tmp_path / name).mkdir()
        file = tmp_path / name / "lmaster.conf"
        file.write_text(config)
        return ending.enter_context(Master(tmp_path / name, "-c", file))

    return start


def stored(*carbons):
    """Return what carbons have written: ``{path: {time: value}}``."""
    found = {}
    for one in carbons:
        folder = one.folder / "storage/whisper"
        for file in folder.rglob("*.wsp"):
            name = ".".join(file.relative_to(folder).with_suffix("").parts)
            if not name.startswith("carbon."):  # what carbon and the relay tell of themselves
                found[name] = written(file)
    return found


def written(file):
    """Return the points in a file; none while it is being made."""
    try:
        (begin, end, step), values = whisper.fetch(str(file), 0)
    except (whisper.WhisperException, struct.error, TypeError):
        return {}
    points = zip(range(begin, end, step), values, strict=True)
    return {time_s: value for time_s, value in points if value is not None}


def paths(farm):
    """Return all series of all pages, and of which node they are."""
    return {
        f"cluster.{graphite_paths.node_part(host)}.{path}": host
        for host in farm.hosts
        for path in farm.paths
    }


def has_all(found, farm, served):
    """Tell whether each series has each value that was served up to some moment."""
    return all(
        set(range(served[host])) <= set(map(int, found.get(path, {}).values()))
        for path, host in paths(farm).items()
    )


def assert_all_comes(farm, look):
    """Wait until all that was served by now is there."""
    served = farm.served()
    wait_until(lambda: has_all(look(), farm, served), lambda: f"{served}: {look()}", SLOWLY)


def scraped(farm, times):
    """Wait until each node was scraped so often, from now on."""
    now = farm.served()
    wait_until(
        lambda: all(count >= now[host] + times for host, count in farm.served().items()),
        lambda: f"{now} {farm.served()}",
        SLOWLY,
    )


def test_shards_share_the_nodes(start_carbon, farm, lmaster):
    """Each node is scraped by one of two lmasters alone, and all come into one carbon."""
    graphite, text = start_carbon(), block("Shards", "ini")
    second = adapted(text, **{"shard = 1/2": "shard = 2/2"})

    lmaster(text, "graphite", graphite.pickle_port, "one", page="/metrics?by=1")
    lmaster(second, "graphite", graphite.pickle_port, "two", page="/metrics?by=2")
    scraped(farm, 2)
    assert_all_comes(farm, lambda: stored(graphite))

    assert {host: {f"/metrics?by={shard_of(host, 2)}"} for host in farm.hosts} == farm.asked()


def test_a_hot_pair_misses_no_slot_when_one_of_them_dies(start_carbon, farm, lmaster):
    """Both write the same slots, every other second; one alone fills them too."""
    graphite, text = start_carbon(), block("A hot pair", "ini")

    dying = lmaster(text, "graphite", graphite.pickle_port, "one", 2, page="/metrics?by=1")
    lmaster(text, "graphite", graphite.pickle_port, "two", 2, page="/metrics?by=2")
    scraped(farm, 4)
    asked = farm.asked()
    dying.end(signal.SIGKILL)
    scraped(farm, 2)
    last = farm.served()

    def came():
        found = stored(graphite)
        return (
            found
            if all(
                max(found.get(path, {}).values(), default=0) >= last[host] - 1
                for path, host in paths(farm).items()
            )
            else None
        )

    found = wait_until(came, lambda: f"{last} {stored(graphite)}", SLOWLY)
    assert {host: {"/metrics?by=1", "/metrics?by=2"} for host in farm.hosts} == asked
    for path in paths(farm):
        slots = sorted(found[path])
        assert list(range(slots[0], slots[-1] + 1, 2)) == slots, path
        assert len(slots) < last[paths(farm)[path]]  # two scrapes made one point


@pytest.fixture
def relay(ending, tmp_path):
    """A function that starts the relay of the page in front of two carbons."""
    path = program("carbon-c-relay", "carbon-c-relay")

    def start(one, other):
        text = adapted(
            block("Several carbons behind a relay", "conf"),
            **{
                "2003 proto": "127.0.0.1:{port} proto",
                "carbon1.cluster:2003": f"127.0.0.1:{one.line_port}",
                "carbon2.cluster:2003": f"127.0.0.1:{other.line_port}",
            },
        )
        name, _, _, *options = shlex.split(block("Several carbons behind a relay", "sh"))
        assert name == "carbon-c-relay"
        started = CarbonRelay(path, tmp_path, text, *options)
        ending.callback(started.end)
        return started

    return start


def test_a_relay_gives_each_series_to_one_of_two_carbons(start_carbon, relay, farm, lmaster):
    """Under its own name, whatever is in it, with all its points; also when the relay dies."""
    one, other = start_carbon("a"), start_carbon("b")
    between = relay(one, other)

    running = lmaster(block("Several carbons behind a relay", "ini"), "relay", between.port)
    scraped(farm, 2)
    between.end(signal.SIGKILL)
    running.said("refused")
    scraped(farm, 2)
    between.start()
    scraped(farm, 2)
    assert_all_comes(farm, lambda: stored(one, other))

    here, there = stored(one).keys(), stored(other).keys()
    assert set() == here & there
    assert min(len(here), len(there)) > len(here | there) / 4
    own = {
        f"cluster.{graphite_paths.node_part(host)}.{name}.compute"
        for host in farm.hosts
        for name in ("up", "scrape_duration_seconds", "scrape_samples_scraped")
    }
    assert paths(farm).keys() | own == here | there


def test_what_comes_out_of_victoriametrics_is_what_was_served(ending, tmp_path, farm, lmaster):
    """Each point once and at its second, also when it was killed in between."""
    path = program("victoria-metrics", "victoria-metrics")
    name, listen, *options = shlex.split(block("VictoriaMetrics", "sh"))
    assert (name, listen) == ("victoria-metrics", "-graphiteListenAddr=:2003")
    victoria = Victoria(path, tmp_path, *options)
    ending.callback(victoria.end)

    def look():
        return {path: dict(points) for path, points in victoria.points().items()}

    running = lmaster(block("VictoriaMetrics", "ini"), "victoria", victoria.port)
    scraped(farm, 2)
    victoria.end(signal.SIGKILL)
    running.said("refused")
    scraped(farm, 2)
    victoria.start()
    scraped(farm, 2)
    assert_all_comes(farm, look)

    found = victoria.points()
    for path, host in paths(farm).items():
        values = [int(value) for _, value in found[path]]
        assert list(range(len(values))) == values, path
        times = [time_s for time_s, _ in found[path]]
        assert sorted(set(times)) == times
        assert all(map(le, times, farm.times(host)))  # none is later than its scrape
    (query,) = re.findall(r"`({__graphite__=.*?})`", TEXT)
    assert NODES == len(victoria.points(query))


def test_promtool_accepts_what_prometheus_is_told(tmp_path):
    """The part of its configuration that reads lmaster's list of nodes."""
    (tmp_path / "prometheus.yml").write_text(block("Beside Prometheus", "yaml"))

    check = Program(
        tmp_path / "promtool.log",
        program("promtool", "prometheus"),
        "check",
        "config",
        tmp_path / "prometheus.yml",
    )

    assert 0 == check.process.wait(30), check.text()
