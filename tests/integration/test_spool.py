"""What lmaster queued on disk outlives it: a carbon that is down, kill -9, a new start."""

import signal
import subprocess
import time

import pytest

from .pages import PageServer
from .processes import BIN, free_port, wait_until


@pytest.fixture
def config(tmp_path, graphite):
    """A function that writes lmaster.conf for a loopback port."""

    def write(port, prefix):
        path = tmp_path / "lmaster.conf"
        path.write_text(
            f"[lmaster]\ndata directory = {tmp_path}/data\n"
            f"[nodes:test]\nhosts = 127.0.0.1\nport = {port}\ninterval = 1\n"
            f"[Graphite]\nhost = 127.0.0.1\nprefix = {prefix}\n"
            f"carbon receiver pickle port = {graphite.pickle_port}\n"
        )
        return path

    return write


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_was_queued_comes_after_a_new_start(graphite, master, config, number):
    """Every value that was served while carbon was down, at its second, and fresh ones too."""
    times = []

    def page(_):
        times.append(time.time())
        return f"# TYPE ticks gauge\nticks {len(times) - 1}\n"

    prefix = f"spool{number.value}"
    began_s = time.time() - 2
    graphite.end_carbon()
    with PageServer(page) as server:
        path = config(server.port, prefix)
        first = master("-c", path)
        wait_until(lambda: server.served >= 5, lambda: "scrapes")
        first.end(number)
        ended = len(times)
        graphite.start_carbon()
        master("-c", path)

        def ticks():
            return graphite.points(f"{prefix}.127-0-0-1.ticks", began_s)

        wait_until(lambda: max(ticks().values(), default=0) > ended, ticks)
        # The scrape in which lmaster was killed may have been served and never queued.
        wait_until(lambda: set(range(ended - 1)) <= set(ticks().values()), ticks)

    for second, tick in ticks().items():
        assert second <= times[int(tick)] < second + 2


def test_a_second_lmaster_is_refused_the_queue_of_the_first(graphite, master, config, tmp_path):
    """With a message that says what to do, and exit code 1."""
    path = config(free_port(), "second")
    master("-c", path)

    command = [BIN / "lmaster", "scrape", "--port", "0", "-c", path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 1
    assert f"another lmaster uses the queue in {tmp_path}/data/queue" in done.stderr
