"""One lmaster with ten thousand nodes, for some slots."""

import contextlib
import resource
import socket
import sys
import threading
from pathlib import Path

import pytest
import requests

from tests.services import missing

from .processes import Master, Program, wait_until

NODES, SAMPLES, INTERVAL_S, SLOTS = 10_000, 100, 10, 2
MIB = 2**20


@pytest.fixture
def many_files():
    """A limit of open files for a connection to each node, which children inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < NODES + 500:
        missing(f"a limit of {NODES + 500} open files", "ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def nodes(tmp_path):
    """The port on which each address of 127.4.0.0/16 serves a page."""
    page = tmp_path / "page"
    page.write_text("".join(f'load{{cpu="{cpu}"}} {cpu / 7}\n' for cpu in range(SAMPLES)))
    script = Path(__file__).with_name("many_nodes.py")
    with Program(tmp_path / "nodes.log", sys.executable, script, page) as running:
        yield int(running.wait_for_output(r"port (\d+)")[1])


@pytest.fixture
def sink():
    """The port of a carbon that drops all points."""
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=drop_points, args=(listening,))
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    listening.close()


def drop_points(listening):
    """Read everything until the listener is shut down."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection:
                while connection.recv(MIB):
                    pass


def metric(master, name, **labels):
    """Return the sum of a metric of lmaster over the series with these labels."""
    page = requests.get(f"{master.url}metrics", timeout=60).text
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    lines = [line for line in page.splitlines() if line.partition("{")[0].split()[0] == name]
    return sum(float(line.split()[-1]) for line in lines if all(one in line for one in wanted))


@pytest.mark.usefixtures("many_files")
def test_ten_thousand_nodes_miss_no_slot(tmp_path, nodes, sink):
    """No scrape fails, all points are delivered, and memory stays bounded."""
    config = tmp_path / "lmaster.conf"
    config.write_text(
        f"[nodes:all]\nhosts = 127.4.[0-39].[1-250]\nport = {nodes}\ninterval = {INTERVAL_S}\n"
        f"[Graphite]\nhost = 127.0.0.1\ncarbon receiver pickle port = {sink}\n"
    )
    with Master(tmp_path, "-c", config) as master:
        wait_until(
            lambda: metric(master, "fructosa_master_scrapes_total") >= NODES * SLOTS,
            master.text,
            deadline_s=INTERVAL_S * (SLOTS + 6),
            pause_s=1,
        )

        assert metric(master, "fructosa_master_targets", state="up") == NODES
        assert metric(master, "fructosa_master_scrapes_total", result="down") == 0
        assert metric(master, "fructosa_master_slots_missed_total") == 0
        assert metric(master, "fructosa_master_points_dropped_total") == 0
        delivered = metric(master, "fructosa_master_points_delivered_total")
        assert delivered >= NODES * (SLOTS - 1) * (SAMPLES + 3)
        assert metric(master, "process_resident_memory_bytes") < 512 * MIB
