"""The setups of docs/scale-out.md, with other addresses and intervals."""

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
from fructosa_bridge.naming.schemes import NODE_EXPECTED, SCRAPE_SERIES
from tests.services import program

from .farm import Farm
from .processes import Master, Program, wait_until
from .relay import CarbonRelay
from .victoria import Victoria

TEXT = (Path(__file__).parents[2] / "docs" / "scale-out.md").read_text()
NODES = 20
TIMEOUT_S = 60  # ten times what an idle machine needs


def block(heading, language):
    """Return the only block in a *language* below a *heading* of the page."""
    (below,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", below, re.DOTALL | re.MULTILINE)
    return found


def adapted(text, **changes):
    """Return a *text* of the page with replacements; each old text must occur once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old} in:\n{text}"
        text = text.replace(old, new)
    return text


@pytest.fixture
def stack():
    """A stack that ends everything a test has started, in reverse order."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def farm(stack):
    """Nodes at 127.3.0.1 and following, whose pages count their requests."""
    return stack.enter_context(Farm(NODES))


@pytest.fixture
def lmaster(stack, tmp_path, farm):
    """A function that starts an lmaster with a configuration of the page for the farm."""

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
        return stack.enter_context(Master(tmp_path / name, "-c", file))

    return start


def stored(*carbons):
    """Return the points that carbons have written: ``{path: {time: value}}``."""
    found = {}
    for one in carbons:
        folder = one.folder / "storage/whisper"
        for file in folder.rglob("*.wsp"):
            name = ".".join(file.relative_to(folder).with_suffix("").parts)
            if not name.startswith("carbon."):  # metrics of carbon and the relay themselves
                found[name] = written(file)
    return found


def written(file):
    """Return the points in a file; {} while it is being created."""
    try:
        (begin, end, step), values = whisper.fetch(str(file), 0)
    except (whisper.WhisperException, struct.error, TypeError):
        return {}
    points = zip(range(begin, end, step), values, strict=True)
    return {time_s: value for time_s, value in points if value is not None}


def paths(farm):
    """Return the paths of all series with their node."""
    return {
        f"cluster.{graphite_paths.node_part(host)}.{path}": host
        for host in farm.hosts
        for path in farm.paths
    }


def has_all(found, farm, served):
    """Return whether each series has all values up to the counts in *served*."""
    return all(
        set(range(served[host])) <= set(map(int, found.get(path, {}).values()))
        for path, host in paths(farm).items()
    )


def wait_until_stored(farm, stored_points):
    """Wait until all values that were served so far are stored."""
    served = farm.served()
    wait_until(
        lambda: has_all(stored_points(), farm, served),
        lambda: f"{served}: {stored_points()}",
        TIMEOUT_S,
    )


def wait_for_scrapes(farm, times):
    """Wait for *times* more scrapes of each node."""
    now = farm.served()
    wait_until(
        lambda: all(count >= now[host] + times for host, count in farm.served().items()),
        lambda: f"{now} {farm.served()}",
        TIMEOUT_S,
    )


def test_shards_share_the_nodes(start_carbon, farm, lmaster):
    """Each node is scraped by only one of two lmasters; both write to the same carbon."""
    graphite, text = start_carbon(), block("Shards", "ini")
    second = adapted(text, **{"shard = 1/2": "shard = 2/2"})

    lmaster(text, "graphite", graphite.pickle_port, "one", page="/metrics?by=1")
    lmaster(second, "graphite", graphite.pickle_port, "two", page="/metrics?by=2")
    wait_for_scrapes(farm, 2)
    wait_until_stored(farm, lambda: stored(graphite))

    assert {
        host: {f"/metrics?by={shard_of(host, 2)}"} for host in farm.hosts
    } == farm.requested_paths()


def test_a_hot_pair_misses_no_slot_if_one_of_them_dies(start_carbon, farm, lmaster):
    """Both write the same slots of two seconds; a single one also fills them."""
    graphite, text = start_carbon(), block("A hot pair", "ini")

    dying = lmaster(text, "graphite", graphite.pickle_port, "one", 2, page="/metrics?by=1")
    lmaster(text, "graphite", graphite.pickle_port, "two", 2, page="/metrics?by=2")
    wait_for_scrapes(farm, 4)
    requested = farm.requested_paths()
    dying.end(signal.SIGKILL)
    wait_for_scrapes(farm, 2)
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

    found = wait_until(came, lambda: f"{last} {stored(graphite)}", TIMEOUT_S)
    assert {host: {"/metrics?by=1", "/metrics?by=2"} for host in farm.hosts} == requested
    for path in paths(farm):
        slots = sorted(found[path])
        assert list(range(slots[0], slots[-1] + 1, 2)) == slots, path
        assert len(slots) < last[paths(farm)[path]]  # two scrapes made one point


@pytest.fixture
def relay(stack, tmp_path):
    """A function that starts the page's relay in front of two carbons."""
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
        stack.callback(started.end)
        return started

    return start


def test_a_relay_sends_each_series_to_one_of_two_carbons(start_carbon, relay, farm, lmaster):
    """Names are unchanged, and no point is lost, even if the relay dies."""
    one, other = start_carbon("a"), start_carbon("b")
    between = relay(one, other)

    running = lmaster(block("Several carbons behind a relay", "ini"), "relay", between.port)
    wait_for_scrapes(farm, 2)
    between.end(signal.SIGKILL)
    running.wait_for_output("refused")
    wait_for_scrapes(farm, 2)
    between.start()
    wait_for_scrapes(farm, 2)
    wait_until_stored(farm, lambda: stored(one, other))

    here, there = stored(one).keys(), stored(other).keys()
    assert set() == here & there
    assert min(len(here), len(there)) > len(here | there) / 4
    own = {
        f"cluster.{graphite_paths.node_part(host)}.{name}"
        for host in farm.hosts
        for name in (*(f"{one}.compute" for one in SCRAPE_SERIES), NODE_EXPECTED)
    }
    assert paths(farm).keys() | own == here | there


def test_victoriametrics_returns_what_was_served(stack, tmp_path, farm, lmaster):
    """Each point exists once, in its slot, even if VictoriaMetrics was killed in between."""
    path = program("victoria-metrics", "victoria-metrics")
    name, listen, *options = shlex.split(block("VictoriaMetrics", "sh"))
    assert (name, listen) == ("victoria-metrics", "-graphiteListenAddr=:2003")
    victoria = Victoria(path, tmp_path, *options)
    stack.callback(victoria.end)

    def stored_points():
        return {path: dict(points) for path, points in victoria.points().items()}

    running = lmaster(block("VictoriaMetrics", "ini"), "victoria", victoria.port)
    wait_for_scrapes(farm, 2)
    victoria.end(signal.SIGKILL)
    running.wait_for_output("refused")
    wait_for_scrapes(farm, 2)
    victoria.start()
    wait_for_scrapes(farm, 2)
    wait_until_stored(farm, stored_points)

    found = victoria.points()
    for path, host in paths(farm).items():
        values = [int(value) for _, value in found[path]]
        assert list(range(len(values))) == values, path
        times = [time_s for time_s, _ in found[path]]
        assert sorted(set(times)) == times
        assert all(map(le, times, farm.times(host)))  # none is later than its scrape
    (query,) = re.findall(r"`({__graphite__=.*?})`", TEXT)
    assert NODES == len(victoria.points(query))


def test_promtool_accepts_the_configuration_for_prometheus(tmp_path):
    """It is the part that reads lmaster's list of targets."""
    (tmp_path / "prometheus.yml").write_text(block("Beside Prometheus", "yaml"))

    check = Program(
        tmp_path / "promtool.log",
        program("promtool", "prometheus"),
        "check",
        "config",
        tmp_path / "prometheus.yml",
    )

    assert 0 == check.process.wait(30), check.text()
