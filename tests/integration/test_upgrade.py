"""An upgrade from FrUCToSA 0.3.2, which runs itself, with a real carbon."""

import socket
import subprocess
import time

import psutil
import pytest

from fructosa_service.config.load import OBSOLETE

from . import old_version
from .processes import Agent, wait_until
from .test_old_config import LAGENT, NEVER_STORED, SENSORS, warnings
from .test_scale_out import stored

# As 0.3 named its paths: the test's machine is the node.
OWN_NAME = socket.gethostname().partition(".")[0]
# What does not change between two scrapes, and what only grows.
CONSTANT = ("VirtualMemory.total", "DiskUsage.total", "CPUCount", "BootTime", "CPUStats.syscalls")
# The kernel rounds the time of each processor, and 0.3 read their sum.
ROUNDING_S = 1
COUNTERS = ("CPUTimes", "CPUStats", "DiskIOCounters", "NetIOCounters")


class OldAgent:
    """A running lagent of 0.3.2."""

    def __init__(self, folder, carbon):
        old_version.install(folder)
        self.config, self.log = folder / "lagent.conf", folder / "old.log"
        text = LAGENT.format(log=self.log, pickle_port=carbon.pickle_port)
        for old, new in (("localhost", "127.0.0.1"), ("= 10\n", "= 1\n"), ("DEBUG", "INFO")):
            text = text.replace(old, new)
        self.config.write_text(text)
        self._command = [folder / "lagent", "-c", self.config, "-p", folder / "lagent.pid"]
        subprocess.run([*self._command, "start"], check=True, capture_output=True, timeout=30)
        self.pid = int(wait_until((folder / "lagent.pid").read_text, self.text))

    def text(self):
        """Return the end of its log."""
        return self.log.read_text()[-2000:] if self.log.exists() else ""

    def stop(self):
        """Run its own `lagent stop`; wait until it has exited."""
        subprocess.run([*self._command, "stop"], check=True, capture_output=True, timeout=30)
        wait_until(lambda: not psutil.pid_exists(self.pid), self.text)


@pytest.fixture
def carbon(start_carbon):
    """A carbon with one slot per second."""
    return start_carbon()


@pytest.fixture
def old(tmp_path, carbon):
    """A lagent of 0.3.2 that writes to carbon with all its sensors."""
    running = OldAgent(tmp_path, carbon)
    yield running
    if psutil.pid_exists(running.pid):
        running.stop()


def series(carbon):
    """Return what carbon has stored of nodes: ``{path: {time_s: value}}``."""
    return {path: found for path, found in stored(carbon).items() if not path.startswith("carbon.")}


def writers(carbon):
    """Return the pids of the processes that are connected to carbon's receivers."""
    ports = {carbon.line_port, carbon.pickle_port}
    return {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.raddr and one.raddr.port in ports and one.status == psutil.CONN_ESTABLISHED
    }


def last(points):
    """Return the last value of a series."""
    return points[max(points)]


def test_the_history_of_0_3_goes_on_and_nobody_writes_twice(tmp_path, old, carbon, master):
    """Its paths get new points in its units; the node is listed by another name than its own."""
    sensors = {*SENSORS} - NEVER_STORED
    wait_until(lambda: sensors <= {path.split(".")[1] for path in series(carbon)}, old.text)
    assert {old.pid} == writers(carbon)
    old.stop()
    assert set() == writers(carbon)
    before, stopped_s = series(carbon), time.time()

    with Agent(tmp_path, "-c", old.config, log=old.log) as agent:
        names = tmp_path / "names"
        names.write_text(f"127.0.0.1 {OWN_NAME}\n")
        config = tmp_path / "lmaster.conf"
        config.write_text(
            "[nodes:all]\nhosts = 127.0.0.1\ninterval = 1\n"
            f"names = {names}\nport = {agent.address.partition(':')[2]}\n"
            "[Graphite]\nhost = 127.0.0.1\nnaming = fructosa\n"
            f"carbon receiver pickle port = {carbon.pickle_port}\n"
        )
        running = master("-c", config)
        after = {}

        def all_go_on():
            after.update(series(carbon))
            return all(max(after[path]) > stopped_s for path in before)

        running.wait(all_go_on)
        assert {running.process.pid} == writers(carbon)

    assert {OWN_NAME} == {path.partition(".")[0] for path in after}
    (warning,) = warnings(old.log)
    assert f"{OBSOLETE}: [lmaster] (line 1), [Graphite] (line 5)" in warning
    for path, history in before.items():
        name = path.partition(".")[2]
        assert history.items() <= after[path].items(), path
        if name in CONSTANT:
            assert last(history) == pytest.approx(last(after[path]), abs=2), path
        elif name.startswith(COUNTERS) and not name.startswith("CPUTimesPercent"):
            assert last(history) - ROUNDING_S <= last(after[path]), path
            assert last(after[path]) <= 2 * last(history) + 1e6, path
