"""A real mount (FUSE) that hangs, as if its file server were down."""

import fcntl
import importlib.util
import logging
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests

from tests.services import missing, program

from .processes import Agent, Program, listens, wait_until

# pytest --log-cli-level=INFO shows the measurements.
log = logging.getLogger(__name__)

HANGFS = Path(__file__).with_name("hangfs.py")
SCRAPE_TIMEOUT_S = 2
SCRAPES = 100
OTHERS = "BootTime", "LoadAverage", "VirtualMemory", "DiskIOCounters", "NetIOCounters"
# The size of the filesystem of hangfs.py.
TOTAL_BYTES, FREE_BYTES = 1000 * 4096, 300 * 4096


class HangingMount:
    """A filesystem mounted on *path*, which hangs on request."""

    def __init__(self, folder):
        self.path = folder / "mount"
        self.path.mkdir()
        self._lock = (folder / "lock").open("w")
        self.server = Program(
            folder / "hangfs.log", sys.executable, HANGFS, self.path, self._lock.name
        )

    def hang(self):
        """Make requests for its size block."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def resume(self):
        """Let blocked requests continue."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def end(self):
        """Unmount it, even if it is in use, and end its server."""
        self.resume()
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)
        self.server.end()
        self._lock.close()


@pytest.fixture
def mount(tmp_path):
    """A mounted filesystem that does not hang yet."""
    program("fusermount3", "fuse3")
    if importlib.util.find_spec("mfusepy") is None:
        missing("mfusepy", "from PyPI")
    if os.geteuid() != 0 or not Path("/dev/fuse").exists():
        missing("/dev/fuse for root", "the kernel's module fuse")
    made = HangingMount(tmp_path)
    try:
        made.server.wait(made.path.is_mount)
        yield made
    finally:
        made.end()


@pytest.fixture
def serve(tmp_path, mount):
    """A function that starts an agent with options of DiskUsage, and with other sensors."""
    started = []

    def start(disk_usage):
        config = tmp_path / "lagent.conf"
        others = "".join(f"[sensor:{name}]\n" for name in OTHERS)
        config.write_text(
            f"[sensor:DiskUsage]\ndeadline = 1\ntime_interval = 0\n{disk_usage}\n{others}"
        )
        started.append(Agent(tmp_path, "-c", config))
        return started[-1]

    try:
        yield start
    finally:
        mount.resume()  # the kernel keeps a blocked process even if it is killed
        for running in started:
            running.end()


@pytest.fixture
def agent(serve, mount):
    """An agent that measures the filesystem and ``/``."""
    return serve(f"path = /, {mount.path}")


def scrape(agent, session=requests):
    """Scrape with the timeout of two seconds in the header; return the page and the duration."""
    began_s = time.monotonic()
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(SCRAPE_TIMEOUT_S)}
    answer = session.get(agent.url, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.text, time.monotonic() - began_s


def scrapes(agent, number=SCRAPES):
    """Scrape *number* times over one connection; return pages, durations, thread counts."""
    process = psutil.Process(agent.process.pid)
    with requests.Session() as session:
        found = [(*scrape(agent, session), process.num_threads()) for _ in range(number)]
    return tuple(zip(*found, strict=True))


def filesystem_values(page, path):
    """Return the values of a filesystem on a page, by the end of the metric's name."""
    end = f'{{mountpoint="{path}"}}'
    lines = [line.rpartition(" ") for line in page.splitlines() if f"{end} " in line]
    return {
        series.removeprefix("fructosa_filesystem_").removesuffix(end): float(number)
        for series, _, number in lines
    }


def assert_only_the_mount_fails(page, mount):
    """Check that the mount has only its error, and that ``/`` and all sensors work."""
    assert {"error": 1} == filesystem_values(page, mount.path)
    assert filesystem_values(page, "/")["error"] == 0
    assert filesystem_values(page, "/")["total_bytes"] > 0
    for name in ("DiskUsage", *OTHERS):
        assert f'fructosa_sensor_success{{sensor="{name}"}} 1\n' in page


def test_a_mount_that_hangs_does_not_affect_other_metrics(agent, mount):
    """A hundred pages come in time with everything else, and only one thread blocks."""
    process = psutil.Process(agent.process.pid)
    before, _ = scrape(agent)
    threads_before = process.num_threads()

    mount.hang()
    pages, took_s, threads = scrapes(agent)
    mount.resume()
    after = wait_until(
        lambda: (
            filesystem_values(scrape(agent)[0], mount.path).keys() > {"error"} and scrape(agent)[0]
        ),
        lambda: "the mount to be measured again",
    )

    threads_after = process.num_threads()
    log.info(
        "slowest pages: %.3f s, then %.3f s; threads before, during, after: %d, %s, %d",
        *sorted(took_s)[:-3:-1],
        threads_before,
        sorted(set(threads)),
        threads_after,
    )
    assert filesystem_values(before, mount.path)["total_bytes"] == TOTAL_BYTES
    for page in pages:
        assert_only_the_mount_fails(page, mount)
    assert max(took_s) < SCRAPE_TIMEOUT_S
    assert max(threads[1:]) <= threads[1] <= threads_before + 2
    assert threads_after <= threads_before + 2
    assert 0 == filesystem_values(after, mount.path)["error"]
    assert (TOTAL_BYTES, FREE_BYTES) == tuple(
        filesystem_values(after, mount.path)[name] for name in ("total_bytes", "free_bytes")
    )


def test_the_log_shows_when_a_mount_hangs_and_when_it_recovers(agent, mount):
    """Each is logged once, not with every page."""
    scrape(agent)
    mount.hang()
    scrapes(agent, 10)
    during = agent.text()

    mount.resume()
    agent.wait(lambda: filesystem_values(scrape(agent)[0], mount.path)["error"] == 0)
    scrapes(agent, 10)

    assert during.count(f"file system '{mount.path}' hangs") == 1
    assert f"file system '{mount.path}' can be measured again" not in during
    assert agent.text().count(f"file system '{mount.path}' hangs") == 1
    assert agent.text().count(f"file system '{mount.path}' can be measured again") == 1
    assert "ERROR" not in agent.text()


def test_an_agent_started_while_a_mount_hangs_serves_its_first_page_in_time(serve, mount):
    """This happens on a node that boots while a file server is down."""
    mount.hang()
    agent = serve(f"path = /, {mount.path}")

    page, took_s = scrape(agent)

    assert_only_the_mount_fails(page, mount)
    assert took_s < SCRAPE_TIMEOUT_S


def test_two_scrapers_are_served_in_time_while_a_mount_hangs(agent, mount):
    """They share the single blocked thread."""
    process = psutil.Process(agent.process.pid)
    scrape(agent)
    threads_before = process.num_threads()

    mount.hang()
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: scrapes(agent, SCRAPES // 2), range(2)))

    log.info(
        "slowest page: %.3f s; threads before and during: %d, %s",
        max(max(took_s) for _, took_s, _ in both),
        threads_before,
        sorted({number for _, _, threads in both for number in threads}),
    )
    for pages, took_s, threads in both:
        for page in pages:
            assert_only_the_mount_fails(page, mount)
        assert max(took_s) < SCRAPE_TIMEOUT_S
        assert max(threads[1:]) <= threads_before + 2


def test_a_mount_whose_server_died_does_not_affect_other_metrics(agent, mount):
    """The kernel returns an error at once, which is logged."""
    scrape(agent)
    mount.server.process.kill()
    mount.server.process.wait()

    pages, took_s, _ = scrapes(agent, 10)

    for page in pages:
        assert_only_the_mount_fails(page, mount)
    assert max(took_s) < SCRAPE_TIMEOUT_S
    assert 1 == agent.text().count(
        f"file system '{mount.path}' cannot be measured (Transport endpoint is not connected)"
    )


def test_a_local_mount_below_one_that_hangs_does_not_affect_other_metrics(serve, mount):
    """Its path goes through the mount that hangs."""
    inner = mount.path / "inner"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", inner], check=True)
    agent = serve(f"path = /, {inner}")
    before, _ = scrape(agent)

    mount.hang()
    pages, took_s, _ = scrapes(agent, 10)

    assert filesystem_values(before, inner)["total_bytes"] == 64 * 1024
    for page in pages:
        assert {"error": 1} == filesystem_values(page, inner)
        assert filesystem_values(page, "/")["total_bytes"] > 0
    assert max(took_s) < SCRAPE_TIMEOUT_S


def test_a_remote_mount_is_not_measured_by_default(serve, mount):
    """So it does not matter whether it hangs."""
    agent = serve("")
    mount.hang()

    (page, *_), _, _ = scrapes(agent, 2)

    assert {} == filesystem_values(page, mount.path)
    assert filesystem_values(page, "/")["total_bytes"] > 0


def test_remote_mounts_can_be_enabled(serve, mount):
    """They are found without being named; one that hangs does not affect other metrics."""
    agent = serve("remote = yes")
    before, _ = scrape(agent)

    mount.hang()
    pages, took_s, _ = scrapes(agent, 10)

    assert filesystem_values(before, mount.path)["total_bytes"] == TOTAL_BYTES
    for page in pages:
        assert_only_the_mount_fails(page, mount)
    assert max(took_s) < SCRAPE_TIMEOUT_S


def test_an_agent_ended_while_a_mount_hangs_closes_its_sockets(agent, mount):
    """It closes them at once, but the kernel keeps the process until the mount responds.

    Neither SIGTERM nor SIGKILL changes that. The exit code is that of a normal exit.
    """
    with requests.Session() as session:
        mount.hang()
        scrape(agent, session)
        port = int(agent.address.rpartition(":")[2])

        began_s = time.monotonic()
        agent.process.terminate()
        wait_until(lambda: not listens(port), lambda: "the port to be closed")
        took_s = time.monotonic() - began_s
        agent.wait_for_output("stopped")
        with pytest.raises(requests.ConnectionError):
            scrape(agent, session)

    is_kept = agent.process.poll() is None
    log.info("the port was closed after %.3f s; kept by the kernel: %s", took_s, is_kept)
    assert took_s < 1
    mount.resume()
    assert agent.process.wait(30) == 0
