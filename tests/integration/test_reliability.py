"""A running agent with malicious or broken clients, plug-ins and names."""

import http.client
import logging
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import textwrap
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text_families

from fructosa_exporter.collect.plugins import BROKEN
from fructosa_exporter.collect.sensor_reader import HAS_FAILED, HAS_HUNG
from tests.services import missing, program

from .processes import Agent, wait_until

# pytest --log-cli-level=INFO shows the measurements.
log = logging.getLogger(__name__)

MIB = 2**20
# The memory growth over many requests that still counts as no leak.
GROWTH_BYTES = 8 * MIB
IDLE_CONNECTIONS = 2000
TRICKLING_CONNECTIONS = 200


@pytest.fixture
def configured(tmp_path):
    """A function that starts an agent with a configuration."""
    started = []

    def start(text):
        config = tmp_path / "lagent.conf"
        config.write_text(text)
        started.append(Agent(tmp_path, "-c", config))
        return started[-1]

    yield start
    for running in started:
        running.end()


@pytest.fixture
def many_files():
    """The limit of open files that the test needs, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * (IDLE_CONNECTIONS + TRICKLING_CONNECTIONS)
    if hard != resource.RLIM_INFINITY and hard < needed:
        pytest.skip(f"the limit of open files is {hard}, but {needed} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Usage:
    """The resources of an agent, from the kernel."""

    def __init__(self, agent):
        self._process = psutil.Process(agent.process.pid)

    @property
    def threads_and_files(self):
        """The numbers of threads and of open files."""
        return self._process.num_threads(), self._process.num_fds()

    @property
    def resident_bytes(self):
        """The resident memory."""
        return self._process.memory_info().rss

    @property
    def cpu_s(self):
        """The CPU time used so far."""
        times = self._process.cpu_times()
        return times.user + times.system


def connect(agent):
    """Return a socket connected to the agent."""
    host, port = agent.address.split(":")
    return socket.create_connection((host, int(port)), timeout=30)


@contextmanager
def persistent_connection(agent):
    """A connection that is kept open and never reconnected."""
    connection = http.client.HTTPConnection(agent.address, timeout=30)
    connection.connect()
    connection.auto_open = 0
    try:
        yield connection
    finally:
        connection.close()


def page(connection, path="/metrics"):
    """Request a page over a connection; return its text."""
    connection.request("GET", path, headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
    response = connection.getresponse()
    text = response.read().decode()
    assert response.status == 200, text
    return text


def is_success(text, sensor):
    """Return whether a sensor succeeded, according to a page."""
    (number,) = re.findall(rf'^fructosa_sensor_success{{sensor="{sensor}"}} (.)$', text, re.M)
    return number == "1"


class Trickle:
    """A client that sends a request byte by byte, and reconnects if it was disconnected."""

    def __init__(self, agent):
        self._agent = agent
        self._connect()

    def _connect(self):
        self.socket = connect(self._agent)
        self._left = iter(b"GET /metrics HTTP/1.1\r\nX-Slow: " + b"x" * 4000)

    def send(self):
        """Send the next byte."""
        try:
            self.socket.sendall(bytes([next(self._left)]))
        except OSError:
            self.socket.close()
            self._connect()


def test_idle_and_slow_connections_do_not_disturb_others_and_cost_almost_nothing(
    configured, many_files
):
    """2,000 connections are idle, 200 send forever; old and new connections still get each page."""
    agent = configured("[sensor:BootTime]\ntime_interval = 0\n[sensor:LoadAverage]\n")
    usage, took_s = Usage(agent), []

    with ExitStack() as stack:
        scraper = stack.enter_context(persistent_connection(agent))
        for _ in range(10):
            page(scraper)
        threads, resident_bytes = usage.threads_and_files[0], usage.resident_bytes
        for _ in range(IDLE_CONNECTIONS):
            stack.enter_context(connect(agent))
        trickles = [Trickle(agent) for _ in range(TRICKLING_CONNECTIONS)]
        for number in range(50):
            for trickle in trickles[number % 4 :: 4]:
                trickle.send()
            began_s = time.monotonic()
            assert is_success(page(scraper), "BootTime")
            took_s.append(time.monotonic() - began_s)
        threads_during, files_during = usage.threads_and_files
        grown_bytes = usage.resident_bytes - resident_bytes
        cpu_s = usage.cpu_s
        time.sleep(2)  # measures the CPU time while nothing happens
        idle_cpu_s = usage.cpu_s - cpu_s
        assert is_success(page(scraper), "BootTime")
        with persistent_connection(agent) as newcomer:
            assert is_success(page(newcomer), "BootTime")
        for trickle in trickles:
            trickle.socket.close()

    log.info(
        "slowest page: %.3f s; files open: %d; memory grew by %.1f MiB; "
        "processor time in 2 s without requests: %.2f s",
        max(took_s),
        files_during,
        grown_bytes / MIB,
        idle_cpu_s,
    )
    assert files_during > 1000  # the connections were really open
    assert threads_during == threads
    assert grown_bytes < GROWTH_BYTES
    assert idle_cpu_s < 0.2
    assert max(took_s) < 5


GOOD = [
    b"GET /metrics HTTP/1.1\r\nHost: n1\r\nAccept: text/plain;version=0.0.4\r\n\r\n",
    b"GET /metrics?collect[]=BootTime&collect[]=LoadAverage HTTP/1.1\r\nHost: n1\r\n\r\n",
    b"GET /metrics?exclude%5B%5D=BootTime HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n",
    b"GET /metrics HTTP/1.1\r\nHost: n1\r\nAccept: application/openmetrics-text;version=1.0.0,"
    b"text/plain;q=0.5\r\nAccept-Encoding: gzip;q=0.8, br\r\n"
    b"X-Prometheus-Scrape-Timeout-Seconds: 10\r\nUser-Agent: Prometheus/2.42.0\r\n\r\n",
    b"HEAD / HTTP/1.0\r\n\r\n",
    b"GET /-/healthy HTTP/1.1\r\nHost: n1\r\nAuthorization: Basic dTpw\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: n1\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT / HTTP/1.1\r\nHost: n1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET http://n1:9888/metrics HTTP/1.1\r\nHost: n1\r\n\r\n",
    b"OPTIONS * HTTP/1.1\nHost: n1\n\n",
]
HOSTILE = [
    b"\r\n\r\n",
    b"\x00",
    b"\xff\xfe",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # how TLS begins
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"A" * 9000,
    b"a: b\r\n" * 200,
    b"?" + b"&" * 500,
    b"%00%ff%",
    b"[::1",
    b" HTTP/1.1\r\n",
    b"Content-Length: -1\r\n",
    b"nan",
    b"1e999",
    "²".encode(),
]
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def mutated(rng):
    """Return a valid request with some mutations, or random bytes."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.choice([1, 10, 100, 1000, 20_000]))
    request = bytearray(b"".join(rng.choices(GOOD, k=rng.choice([1, 1, 1, 2, 5]))))
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(request) + 1)
        end = min(len(request), at + rng.randrange(1, 20))
        what = rng.randrange(6)
        if what == 0:
            request[at:at] = rng.choice(HOSTILE)
        elif what == 1:
            request[at:end] = rng.randbytes(end - at)
        elif what == 2:
            del request[at:end]
        elif what == 3:
            request[at:at] = request[at:end] * rng.choice([1, 2, 50])
        elif what == 4:
            del request[at:]
        else:
            request[at:end] = reversed(request[at:end])
    return bytes(request)


def send(agent, rng, content):
    """Return a socket that has sent *content*; None for one in ten, which is reset at once."""
    client = connect(agent)
    try:
        client.sendall(content)
        if rng.random() < 0.1:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()  # this resets the connection
            return None
        client.shutdown(socket.SHUT_WR)
    except OSError:  # the agent closed the connection early
        pass
    return client


def received(client):
    """Return everything received until the connection ends; b"" for a connection that was reset."""
    if client is None:
        return b""
    with client:
        try:
            return b"".join(iter(lambda: client.recv(2**16), b""))
        except ConnectionResetError:  # the agent closed it without reading everything
            return b""


def test_ten_thousand_malformed_requests_do_no_harm(configured):
    """Each gets a response or is refused, and leaves no resources behind."""
    agent = configured("[sensor:BootTime]\n[sensor:LoadAverage]\n[sensor:VirtualMemory]\n")
    rng, usage, statuses = random.Random(1905), Usage(agent), Counter()  # noqa: S311
    with persistent_connection(agent) as scraper:
        page(scraper)
        before = usage.threads_and_files

        for number in range(10):
            for _ in range(50):
                clients = [send(agent, rng, mutated(rng)) for _ in range(20)]
                for response in map(received, clients):
                    assert not response or STATUS.match(response)
                    statuses.update(map(int, STATUS.findall(response)))
            assert is_success(page(scraper), "BootTime")
            if number == 0:  # now caches and buffers are allocated
                resident_bytes = usage.resident_bytes

        after = wait_until(
            lambda: usage.threads_and_files == before and before, lambda: usage.threads_and_files
        )
        grown_bytes = usage.resident_bytes - resident_bytes

    log.info("answers by status: %s; memory grew by %.1f MiB", dict(statuses), grown_bytes / MIB)
    assert {200, 400, 404, 405, 413, 431, 505} >= statuses.keys() >= {200, 400, 405, 413, 431}
    assert before == after
    assert grown_bytes < GROWTH_BYTES
    assert not re.search("WARNING|ERROR|CRITICAL|Traceback", agent.text())


REQUEST = b"GET /metrics?collect[]=BootTime&collect[]=CPUCount HTTP/1.1\r\nHost: n1\r\n\r\n"
LENGTH = re.compile(rb"Content-Length: (\d+)\r\n")


def read_answer(client):
    """Read one answer of *client*; return its body."""
    received = client.recv(2**16)
    while (end := received.find(b"\r\n\r\n")) < 0 or (
        len(received) < end + 4 + int(LENGTH.search(received)[1])
    ):
        received += client.recv(2**16) or pytest.fail(f"the connection ended: {received}")
    assert received.startswith(b"HTTP/1.1 200 ")
    return received[end + 4 :]


def test_files_threads_and_memory_stay_constant_over_20000_scrapes(configured):
    """Some scrapes use persistent connections, others new ones."""
    agent = configured(
        "[sensor:BootTime]\ntime_interval = 0\n[sensor:CPUCount]\ntime_interval = 0\n"
    )
    usage, seen = Usage(agent), []
    clients = [connect(agent) for _ in range(8)]
    try:
        for number in range(2500):
            for client in clients:
                client.sendall(REQUEST)
            for client in clients:
                body = read_answer(client)
            assert b'\nfructosa_sensor_success{sensor="CPUCount"} 1\n' in body
            if number % 50 == 0:
                clients.pop(0).close()
                clients.append(connect(agent))
            if number % 500 == 125:  # after caches and buffers are allocated
                seen.append((usage.threads_and_files, usage.resident_bytes))
    finally:
        for client in clients:
            client.close()

    first_held, first_bytes = seen[0]
    grown_bytes = usage.resident_bytes - first_bytes
    log.info(
        "threads, files: %s; memory grew by %.2f MiB",
        {threads_and_files for threads_and_files, _ in seen},
        grown_bytes / MIB,
    )
    assert {first_held} == {threads_and_files for threads_and_files, _ in seen}
    assert grown_bytes < GROWTH_BYTES / 4
    threads, files = first_held
    wait_until(
        lambda: usage.threads_and_files == (threads, files - len(clients)),
        lambda: usage.threads_and_files,
    )


PLUGINS = '''
"""Sensors that do what a sensor should not."""

import logging
import time

from fructosa_exporter.metrics import gauge
from fructosa_exporter.sensor import Sensor


class Slow(Sensor):
    """Takes half a minute."""

    SLOW = gauge("site_slow", "Never seen.")

    def samples(self):
        logging.getLogger("slow").info("slow begins")
        time.sleep(30)
        yield self.SLOW.sample(1)


class Failing(Sensor):
    """Fails after its first sample."""

    FAILING = gauge("site_failing", "Never seen.")

    def samples(self):
        yield self.FAILING.sample(1)
        raise RuntimeError("out of order")


class Working(Sensor):
    """Works."""

    WORKING = gauge("site_working", "Always 1.")

    def samples(self):
        yield self.WORKING.sample(1)
'''
ENTRY_POINTS = """
[fructosa.sensors]
Slow = site_sensors:Slow
Failing = site_sensors:Failing
Working = site_sensors:Working
Missing = site_sensors:NoSuchClass
"""


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Plug-ins that are installed for the next agent."""
    folder = tmp_path / "site"
    metadata = folder / "site_sensors-1.0.dist-info"
    metadata.mkdir(parents=True)
    (folder / "site_sensors.py").write_text(PLUGINS)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: site-sensors\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(textwrap.dedent(ENTRY_POINTS))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


def test_a_plugin_that_is_slow_or_fails_does_not_affect_others(plugins, configured):
    """The page comes after the deadline of the slow one, with the samples of the others."""
    names = "Slow", "Failing", "Missing", "Working", "BootTime"
    agent = configured("".join(f"[sensor:{name}]\ndeadline = 0.5\n" for name in names))

    first, second = (requests.get(agent.url, timeout=10).text for _ in range(2))

    for text in first, second:
        assert [False, False, False, True, True] == [is_success(text, name) for name in names]
        assert "\nsite_working 1\n" in text
        assert "\nfructosa_boot_time_seconds " in text
        assert "site_slow" not in text
        assert "site_failing" not in text
    assert agent.text().count(HAS_HUNG % ("Slow", 0.5)) == 1
    assert agent.text().count("slow begins") == 1
    assert agent.text().count(HAS_FAILED % ("Failing", "")) == 1
    assert agent.text().count(BROKEN % ("Missing", "AttributeError")) == 1


def terminate(agent):
    """End an agent with SIGTERM; return the duration and the exit code."""
    began_s = time.monotonic()
    agent.process.send_signal(signal.SIGTERM)
    code = agent.process.wait(30)
    return time.monotonic() - began_s, code


def test_sigterm_ends_an_agent_within_a_second(configured):
    """Open connections of scrapers do not delay it."""
    agent = configured("[sensor:BootTime]\n")
    with persistent_connection(agent) as scraper:
        page(scraper)

        took_s, code = terminate(agent)

    log.info("ended after %.3f s", took_s)
    assert code == 0
    assert took_s < 1


def test_sigterm_ends_an_agent_within_a_second_during_a_scrape(plugins, configured):
    """It does not wait for a hung sensor; the scraper's connection is closed."""
    agent = configured("[sensor:Slow]\ndeadline = 60\n[sensor:BootTime]\n")
    with connect(agent) as client:
        client.sendall(
            b"GET /metrics HTTP/1.1\r\nHost: n1\r\nX-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n"
        )
        agent.wait_for_output("slow begins")

        took_s, code = terminate(agent)
        output = client.recv(2**16)

    log.info("ended after %.3f s", took_s)
    assert code == 0
    assert output == b""
    assert took_s < 1


ODD_NAMES = [
    b"new\nline",
    b'quo"te',
    b"back\\slash",
    b"\\n",
    b"back\\",
    b"\xff\xfe",
    b"half\xc3",
    "täglich ☂".encode(),
    b"tab\tand blank ",
    b"100%s %%d {x} ${y}",
    b'",a="b',
    b"\x01\x7f",
]
ODD_INTERFACES = [b'a"b\\c', b"\\n,'{}=", "né☂".encode(), b"\xff\xfe"]
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def label_value(name):
    """Return the label value for a *name* of the kernel."""
    return os.fsdecode(name).encode("utf-8", "backslashreplace").decode()


def labels(agent, promtool, metric, label):
    """Return the values of a label of a metric; check that parsers agree and promtool accepts."""
    text = requests.get(agent.url, timeout=10)
    other = requests.get(agent.url, headers={"Accept": OPENMETRICS}, timeout=10)
    assert other.headers["Content-Type"].startswith("application/openmetrics-text")
    found = [
        {
            sample.labels[label]
            for family in families
            for sample in family.samples
            if sample.name == metric
        }
        for families in (
            text_families(text.content.decode()),
            openmetrics(other.content.decode()),
        )
    ]
    assert (0, "") == promtool(text.content.decode())
    assert found[0] == found[1]
    return found[0]


@pytest.fixture
def tmpfs():
    """A function that mounts an empty filesystem on a folder, and one that unmounts it."""
    program("mount", "mount")
    if os.geteuid() != 0:
        missing("the right to mount", "run as root")
    mounted = []

    def mount(path):
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", path], check=True)
        mounted.append(path)

    def unmount(path):
        subprocess.run(["umount", path], check=True)
        mounted.remove(path)

    yield mount, unmount
    for path in mounted:
        subprocess.run(["umount", "-l", path], check=True)


def test_mounts_of_any_name_appear_and_disappear_on_a_valid_page(
    tmp_path, configured, promtool, tmpfs
):
    """Names are unchanged, except that bytes that are not UTF-8 are hexadecimal."""
    mount, unmount = tmpfs
    agent = configured("[sensor:DiskUsage]\nfstypes = tmpfs\ntime_interval = 0\n")
    paths = [Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)) for name in ODD_NAMES]
    metric = "fructosa_filesystem_total_bytes", "mountpoint"

    before = labels(agent, promtool, *metric)
    for path in paths:
        mount(path)
    during = labels(agent, promtool, *metric)
    unmount(paths[0])
    fewer = labels(agent, promtool, *metric)
    for path in paths[1:]:
        unmount(path)
    after = labels(agent, promtool, *metric)

    names = {label_value(os.fsencode(path)) for path in paths}
    assert len(names) == len(ODD_NAMES)
    assert during - before == names
    assert during - fewer == {label_value(os.fsencode(paths[0]))}
    assert names.isdisjoint(after)
    assert not re.search("WARNING|ERROR|Traceback", agent.text())


@pytest.fixture
def interface():
    """A function that adds a network interface, and one that removes it."""
    ip = program("ip", "iproute2")
    if os.geteuid() != 0:
        missing("the right to add interfaces", "run as root")
    added = []

    def remove(name):
        subprocess.run([ip, "link", "delete", name], check=True)
        added.remove(name)

    def add(name):
        for kind in "dummy", "bridge":
            command = [ip, "link", "add", "name", name, "type", kind]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                added.append(name)
                return
        pytest.skip(f"this kernel cannot add an interface {name!r}")

    yield add, remove
    while added:
        remove(added[-1])


@pytest.mark.parametrize("name", ODD_INTERFACES)
def test_interfaces_of_any_name_appear_and_disappear_on_a_valid_page(
    configured, promtool, interface, name
):
    """Names are unchanged, except that bytes that are not UTF-8 are hexadecimal."""
    add, remove = interface
    agent = configured("[sensor:NetIOCounters]\ntime_interval = 0\n")
    metric = "fructosa_network_receive_bytes_total", "interface"

    before = labels(agent, promtool, *metric)
    add(name)
    during = labels(agent, promtool, *metric)
    remove(name)
    after = labels(agent, promtool, *metric)

    assert during - before == {label_value(name)}
    assert label_value(name) not in after
    assert not re.search("WARNING|ERROR|Traceback", agent.text())
