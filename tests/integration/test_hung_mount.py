"""A mounted file system that hangs, as when its server is gone: real, with FUSE."""

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

from .conftest import missing, program
from .processes import Agent, Program, listens, wait_until

# pytest --log-cli-level=INFO shows the figures.
log = logging.getLogger(__name__)

HANGFS = Path(__file__).with_name("hangfs.py")
SCRAPE_TIMEOUT_S = 2
SCRAPES = 100
OTHERS = "BootTime", "LoadAverage", "VirtualMemory", "DiskIOCounters", "NetIOCounters"
# The size that hangfs.py tells.
TOTAL_BYTES, FREE_BYTES = 1000 * 4096, 300 * 4096


class HangingMount:
    """A file system, mounted on *path*; it hangs and answers as it is told."""

    def __init__(self, folder):
        self.path = folder / "mount"
        self.path.mkdir()
        self._lock = (folder / "lock").open("w")
        self.server = Program(
            folder / "hangfs.log", sys.executable, HANGFS, self.path, self._lock.name
        )

    def hang(self):
        """Let whoever asks for its size wait."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def answer(self):
        """Let nobody wait any more."""
        fcntl.flock(self._lock, fcntl.LOCK_UN)

    def end(self):
        """Unmount it, be it in use or not, and end its server."""
        self.answer()
        subprocess.run(["umount", "-l", self.path], check=False, capture_output=True)
        self.server.end()
        self._lock.close()


@pytest.fixture
def mount(tmp_path):
    """A mounted file system of our own that answers."""
    program("fusermount3", "Debian's fuse3")
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
    """A function that starts an agent with DiskUsage as given, and some other sensors."""
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
        mount.answer()  # the kernel keeps a process that waits, killed or not
        for running in started:
            running.end()


@pytest.fixture
def agent(serve, mount):
    """An agent that measures the file system and ``/``."""
    return serve(f"path = /, {mount.path}")


def scrape(agent, session=requests):
    """Return the page, as a Prometheus asks for it that waits two seconds, and how long it took."""
    began_s = time.monotonic()
    headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(SCRAPE_TIMEOUT_S)}
    answer = session.get(agent.url, headers=headers, timeout=30)
    answer.raise_for_status()
    return answer.text, time.monotonic() - began_s


def scrapes(agent, number=SCRAPES):
    """Scrape *number* times on a kept connection: pages, how long each took, threads after it."""
    process = psutil.Process(agent.process.pid)
    with requests.Session() as session:
        found = [(*scrape(agent, session), process.num_threads()) for _ in range(number)]
    return tuple(zip(*found, strict=True))


def told(page, path):
    """Return what a page says of a file system: numbers by the last words of their names."""
    end = f'{{mountpoint="{path}"}}'
    lines = [line.rpartition(" ") for line in page.splitlines() if f"{end} " in line]
    return {
        series.removeprefix("fructosa_filesystem_").removesuffix(end): float(number)
        for series, _, number in lines
    }


def assert_all_but_the_mount_is_told(page, mount):
    """Of the mount there is the error; ``/`` and the other sensors are as ever."""
    assert {"error": 1} == told(page, mount.path)
    assert told(page, "/")["error"] == 0
    assert told(page, "/")["total_bytes"] > 0
    for name in ("DiskUsage", *OTHERS):
        assert f'fructosa_sensor_success{{sensor="{name}"}} 1\n' in page


def test_a_mount_that_hangs_costs_only_itself(agent, mount):
    """A hundred pages come in time with all else on them, and no more than one thread waits."""
    process = psutil.Process(agent.process.pid)
    before, _ = scrape(agent)
    threads_before = process.num_threads()

    mount.hang()
    pages, took_s, threads = scrapes(agent)
    mount.answer()
    after = wait_until(
        lambda: told(scrape(agent)[0], mount.path).keys() > {"error"} and scrape(agent)[0],
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
    assert told(before, mount.path)["total_bytes"] == TOTAL_BYTES
    for page in pages:
        assert_all_but_the_mount_is_told(page, mount)
    assert max(took_s) < SCRAPE_TIMEOUT_S
    assert max(threads[1:]) <= threads[1] <= threads_before + 2
    assert threads_after <= threads_before + 2
    assert 0 == told(after, mount.path)["error"]
    assert (TOTAL_BYTES, FREE_BYTES) == tuple(
        told(after, mount.path)[name] for name in ("total_bytes", "free_bytes")
    )


def test_the_log_tells_when_a_mount_begins_to_hang_and_when_that_is_over(agent, mount):
    """Once each, not at every page."""
    scrape(agent)
    mount.hang()
    scrapes(agent, 10)
    during = agent.text()

    mount.answer()
    agent.wait(lambda: told(scrape(agent)[0], mount.path)["error"] == 0)
    scrapes(agent, 10)

    assert during.count(f"file system '{mount.path}' hangs") == 1
    assert f"file system '{mount.path}' can be measured again" not in during
    assert agent.text().count(f"file system '{mount.path}' hangs") == 1
    assert agent.text().count(f"file system '{mount.path}' can be measured again") == 1
    assert "ERROR" not in agent.text()


def test_an_agent_that_is_started_while_a_mount_hangs_serves_the_first_page_in_time(serve, mount):
    """As on a node that boots while a file server is down."""
    mount.hang()
    agent = serve(f"path = /, {mount.path}")

    page, took_s = scrape(agent)

    assert_all_but_the_mount_is_told(page, mount)
    assert took_s < SCRAPE_TIMEOUT_S


def test_two_scrapers_at_once_are_served_in_time_while_a_mount_hangs(agent, mount):
    """They share the one thread that waits."""
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
            assert_all_but_the_mount_is_told(page, mount)
        assert max(took_s) < SCRAPE_TIMEOUT_S
        assert max(threads[1:]) <= threads_before + 2


def test_a_mount_whose_server_died_fails_and_costs_only_itself(agent, mount):
    """The kernel then answers at once, with an error that the log tells."""
    scrape(agent)
    mount.server.process.kill()
    mount.server.process.wait()

    pages, took_s, _ = scrapes(agent, 10)

    for page in pages:
        assert_all_but_the_mount_is_told(page, mount)
    assert max(took_s) < SCRAPE_TIMEOUT_S
    assert 1 == agent.text().count(
        f"file system '{mount.path}' can't be measured (Transport endpoint is not connected)"
    )


def test_a_local_mount_beneath_one_that_hangs_costs_only_itself(serve, mount):
    """The way to it leads through the other one."""
    inner = mount.path / "inner"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", inner], check=True)
    agent = serve(f"path = /, {inner}")
    before, _ = scrape(agent)

    mount.hang()
    pages, took_s, _ = scrapes(agent, 10)

    assert told(before, inner)["total_bytes"] == 64 * 1024
    for page in pages:
        assert {"error": 1} == told(page, inner)
        assert told(page, "/")["total_bytes"] > 0
    assert max(took_s) < SCRAPE_TIMEOUT_S


def test_a_remote_mount_is_left_out_by_default(serve, mount):
    """Also when it hangs: nobody asks for it."""
    agent = serve("")
    mount.hang()

    (page, *_), _, _ = scrapes(agent, 2)

    assert {} == told(page, mount.path)
    assert told(page, "/")["total_bytes"] > 0


def test_a_remote_mount_is_found_on_request(serve, mount):
    """Without being named; when it hangs, it costs only itself."""
    agent = serve("remote = yes")
    before, _ = scrape(agent)

    mount.hang()
    pages, took_s, _ = scrapes(agent, 10)

    assert told(before, mount.path)["total_bytes"] == TOTAL_BYTES
    for page in pages:
        assert_all_but_the_mount_is_told(page, mount)
    assert max(took_s) < SCRAPE_TIMEOUT_S


def test_an_agent_is_gone_for_everybody_when_it_is_ended_while_a_mount_hangs(agent, mount):
    """Its sockets are closed at once; the kernel keeps the process until the mount answers.

    Neither SIGTERM nor SIGKILL changes that. Its exit code is that of a proper end.
    """
    with requests.Session() as session:
        mount.hang()
        scrape(agent, session)
        port = int(agent.place.rpartition(":")[2])

        began_s = time.monotonic()
        agent.process.terminate()
        wait_until(lambda: not listens(port), lambda: "the port to be closed")
        took_s = time.monotonic() - began_s
        agent.said("shut down")
        with pytest.raises(requests.ConnectionError):
            scrape(agent, session)

    is_kept = agent.process.poll() is None
    log.info("the port was closed after %.3f s; kept by the kernel: %s", took_s, is_kept)
    assert took_s < 1
    mount.answer()
    assert agent.process.wait(30) == 0
