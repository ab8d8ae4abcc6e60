"""The queue on disk survives lmaster: an outage of carbon, kill -9, a restart."""

import signal
import subprocess
import time
from contextlib import ExitStack

import pytest

from fructosa_bridge.queue.segments import IN_USE

from .pages import PageServer
from .processes import BIN, Master, free_port, wait_until


@pytest.fixture
def stack():
    """A stack that ends everything a test has started."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def config(tmp_path, graphite):
    """A function that writes lmaster.conf for a loopback port, in a folder named as the prefix."""

    def write(port, prefix):
        folder = tmp_path / prefix
        folder.mkdir()
        path = folder / "lmaster.conf"
        path.write_text(
            f"[lmaster]\ndata directory = {folder}/data\n"
            f"[nodes:test]\nhosts = 127.0.0.1\nport = {port}\ninterval = 1\n"
            f"[Graphite]\nhost = 127.0.0.1\nprefix = {prefix}\n"
            f"carbon receiver pickle port = {graphite.pickle_port}\n"
        )
        return path

    return write


class RestartedMaster:
    """An lmaster that is ended by a signal, and its node, which counts its pages."""

    def __init__(self, number, config, stack):
        self.number, self._stack, self.times = number, stack, []
        self.server = stack.enter_context(PageServer(self._page))
        self.prefix = f"spool{number.value}"
        self._config = config(self.server.port, self.prefix)
        self.start()

    def _page(self, _):
        self.times.append(time.time())
        return f"# TYPE ticks gauge\nticks {len(self.times) - 1}\n"

    def start(self):
        """Start it or restart it."""
        self._running = Master(self._config.parent, "-c", self._config)
        self._stack.callback(self._running.end, signal.SIGKILL)

    def end(self):
        """End it by its signal; ``ended`` is the number of pages served until then."""
        self._running.end(self.number)
        self.ended = len(self.times)


def test_queued_points_are_delivered_after_a_restart(graphite, config, stack):
    """All values that were served while carbon was down are stored in their slots, and new ones.

    This holds for SIGKILL and for SIGTERM.
    """
    began_s = time.time() - 2
    graphite.end_carbon()
    both = [RestartedMaster(number, config, stack) for number in (signal.SIGKILL, signal.SIGTERM)]
    wait_until(lambda: all(one.server.served >= 4 for one in both), lambda: "scrapes")
    for one in both:
        one.end()
    graphite.start_carbon()
    for one in both:
        one.start()

    for one in both:

        def ticks(path=f"{one.prefix}.127-0-0-1.ticks"):
            return graphite.points(path, began_s)

        # A scrape during which lmaster was killed may not have been queued.
        wanted = set(range(one.ended - 1))
        wait_until(lambda w=wanted, t=ticks: w <= set(t().values()), ticks)
        wait_until(lambda n=one.ended, t=ticks: max(t().values()) > n, ticks)
        for second, tick in ticks().items():
            assert second <= one.times[int(tick)] < second + 2


def test_a_second_lmaster_cannot_use_the_same_queue(config, stack):
    """It exits with code 1 and an error message."""
    path = config(free_port(), "second")
    stack.enter_context(Master(path.parent, "-c", path))

    command = [BIN / "lmaster", "scrape", "--port", "0", "-c", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert IN_USE.format(folder=path.parent / "data/queue") in done.stderr
