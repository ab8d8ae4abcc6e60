"""Graphite returns what nodes have served, at the right times, without losses."""

import signal
import subprocess
import time
from contextlib import ExitStack

import pytest
import requests

from fructosa_bridge.naming import graphite_paths
from fructosa_bridge.scrape.scrape_errors import REFUSED

from .pages import PageServer
from .processes import BIN, Master, free_port, wait_until

PROTOCOLS = "pickle", "plaintext"


def some_points(graphite, path, from_s, least=1):
    """Wait until a series has at least *least* points; return them."""
    wait_until(lambda: len(graphite.points(path, from_s)) >= least, lambda: path)
    return graphite.points(path, from_s)


class Clock:
    """A page with a single value that counts the scrapes; it records their times."""

    def __init__(self):
        self.times = []

    def __call__(self, number):
        self.times.append(time.time())
        return f"# TYPE ticks gauge\nticks {number}\n"


@pytest.fixture
def server():
    """A function that serves a page until the end of the test."""
    with ExitStack() as stack:
        yield lambda page: stack.enter_context(PageServer(page))


@pytest.fixture
def ticking(server):
    """A server of a page that counts the scrapes."""
    return server(Clock())


@pytest.fixture
def prefix(request):
    """A prefix in Graphite for this test only."""
    return f"t{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def send(tmp_path, graphite, prefix):
    """A function that starts an lmaster, which scrapes a loopback port every second into Graphite.

    It returns the prefix of the node's paths, which differs for each protocol.
    """
    started = []

    def start(port, protocol="pickle"):
        folder, own_prefix = tmp_path / protocol, f"{prefix}{protocol}"
        folder.mkdir()
        config = folder / "lmaster.conf"
        config.write_text(
            f"[nodes:test]\nhosts = 127.0.0.1\nport = {port}\ninterval = 1\n"
            f"[Graphite]\nhost = 127.0.0.1\nprotocol = {protocol}\nprefix = {own_prefix}\n"
            f"carbon receiver pickle port = {graphite.pickle_port}\n"
            f"carbon receiver port = {graphite.line_port}\n"
        )
        started.append(Master(folder, "-c", config))
        return f"{own_prefix}.127-0-0-1"

    yield start
    for running in started:
        running.end(signal.SIGKILL)  # another test covers a normal exit


def assert_each_in_its_slot(ticks, clock):
    """Check that consecutive seconds have consecutive values, each in its own slot."""
    first_s, first = min(ticks.items())
    assert {first_s + n: first + n for n in range(len(ticks))} == ticks
    for second, tick in ticks.items():
        assert second <= clock.times[int(tick)] < second + 2


def test_every_value_is_stored_once_in_its_slot(graphite, send, server):
    """This holds for both protocols of carbon."""
    clocks, began_s = {}, time.time() - 2
    for protocol in PROTOCOLS:
        clock = Clock()
        clocks[f"{send(server(clock).port, protocol)}.ticks"] = clock

    found = {path: some_points(graphite, path, began_s, 5) for path in clocks}

    for path, clock in clocks.items():
        assert 0.0 in found[path].values()
        assert_each_in_its_slot(found[path], clock)


def test_values_of_an_agent_are_stored_exactly(graphite, send, agent):
    """They go through the agent, HTTP, lmaster, pickle, carbon and Whisper."""
    page = requests.get(agent.url, timeout=10).text
    began_s = time.time() - 2
    node = send(agent.address.rpartition(":")[2])

    for series, path in (
        ("fructosa_boot_time_seconds", "fructosa_boot_time_seconds"),
        ("fructosa_memory_total_bytes", "fructosa_memory_total_bytes"),
        ('fructosa_filesystem_total_bytes{mountpoint="/"}', "fructosa_filesystem_total_bytes.:"),
    ):
        (line,) = [line for line in page.splitlines() if line.startswith(f"{series} ")]
        found = some_points(graphite, f"{node}.{path}", began_s)
        assert {float(line.rpartition(" ")[2])} == set(found.values())


ODD = [
    "/",
    "/home",
    "a b",
    "ü",
    "x.y",
    "0.5",
    "*",
    "{a,b}",
    "[0-9]",
    "a;b=c",
    'q"s',
    "#1",
    "n" * 300,
]


def test_unusual_label_values_have_distinct_paths(graphite, send, server):
    """Graphite finds and renders each of them; this holds for both protocols."""
    values = {label: float(number) for number, label in enumerate(ODD)}
    quoted = {label: label.replace('"', r"\"") for label in ODD}
    page = "".join(f'odd{{v="{quoted[label]}"}} {value}\n' for label, value in values.items())
    paths = {graphite_paths.path("odd", (("v", label),)): value for label, value in values.items()}
    began_s = time.time() - 2
    port = server(lambda _: page).port

    for above in [send(port, protocol) for protocol in PROTOCOLS]:
        wait_until(lambda a=above: len(graphite.find(f"{a}.odd.v.*")) == len(ODD), lambda: "all")
        assert {f"{above}.{path}" for path in paths} == set(graphite.find(f"{above}.odd.v.*"))
        assert {path: {value} for path, value in paths.items()} == {
            path: set(graphite.points(f"{above}.{path}", began_s).values()) for path in paths
        }


def test_a_node_that_is_down_is_recorded(graphite, send):
    """Its `up` is 0 in each second, and so is the number of its samples."""
    began_s = time.time() - 2
    node = send(free_port())

    for name in ("up", "scrape_samples_scraped"):
        found = some_points(graphite, f"{node}.{name}.test", began_s, 2)
        assert {0.0} == set(found.values())


def once(*arguments):
    """Run `lmaster scrape --once`."""
    command = [BIN / "lmaster", "scrape", "--once", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("port", ["pickle_port", "line_port"])
def test_once_delivers_before_it_exits(graphite, ticking, prefix, tmp_path, port):
    """It prints the result, and its exit code is 0."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[Graphite]\nprefix = {prefix}\ncarbon receiver port = {graphite.line_port}\n"
    )
    node = f"localhost:{ticking.port}"
    place = f"127.0.0.1:{getattr(graphite, port)}"
    began_s = time.time() - 2

    done = once("-c", config, "--node", node, "--graphite", place)

    assert (0, f"{node}: up, 1 samples in") == (done.returncode, done.stdout[: len(node) + 18])
    assert {0.0} == set(some_points(graphite, f"{prefix}.localhost.ticks", began_s).values())


def test_nodes_and_graphite_can_be_given_without_a_configuration_file(graphite, ticking):
    """Paths have no prefix, the group is `all`, and a node that is down has `up` 0."""
    place = f"127.0.0.1:{graphite.pickle_port}"
    began_s = time.time() - 2

    alive = once("--node", f"localhost:{ticking.port}", "--graphite", place)
    dead = once("--node", f"127.0.0.3:{free_port()}", "--graphite", place)

    assert (0, 1) == (alive.returncode, dead.returncode)
    for path, value in (
        ("localhost.ticks", 0.0),
        ("localhost.up.all", 1.0),
        ("localhost.scrape_samples_scraped.all", 1.0),
        ("127-0-0-3.up.all", 0.0),
    ):
        assert {value} == set(some_points(graphite, path, began_s).values())


def test_once_fails_if_a_node_or_carbon_is_down(ticking, tmp_path):
    """Both are reported, with exit code 1."""
    dead = f"127.0.0.1:{free_port()}"

    node = once("--node", dead, "--data", tmp_path)
    carbon = once("--node", ticking.address, "--graphite", dead)

    assert (1, f"{dead}: DOWN, {REFUSED}\n") == (
        node.returncode,
        node.stdout,
    )
    assert carbon.returncode == 1
    assert "5 points could not be delivered" in carbon.stderr
