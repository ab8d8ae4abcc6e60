"""The first command of the README, `make demo`."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from .processes import Program, wait_until

DEMO = Path(__file__).parents[2] / "examples/demo.py"


def children(pid):
    """Return the pids of the children of a process."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_running(pid):
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_demo_ends_by_itself_with_points_of_at_least_ten_sensors():
    """It prints the URL of the page, live values, the number of points, and what to try next."""
    done = subprocess.run(
        [sys.executable, DEMO, "--for", "6", "--interval", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r"Open http://127\.0\.0\.1:\d+/node/127-0-0-1 in a browser", done.stdout)
    assert re.search(r"CPU utilization +[0-9.]+%", done.stdout)
    points, sensors = re.search(r"(\d+) points of (\d+) sensors", done.stdout).groups()
    assert int(points) > 100
    assert int(sensors) >= 10
    assert "docs/quick-start.md" in done.stdout


def test_the_demo_fails_if_there_are_too_few_points():
    """In 0.1 s no scrape is due, so the exit code is 1."""
    done = subprocess.run(
        [sys.executable, DEMO, "--for", "0.1", "--interval", "3600"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "0 sensors" in done.stdout


def test_ctrl_c_stops_everything_that_the_demo_started(tmp_path):
    """Agent and master end, and their folder is removed."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with Program(tmp_path / "log", sys.executable, DEMO, "--interval", "1", env=env) as demo:
        demo.wait_for_output(r"\d+ s  CPU utilization")
        started = children(demo.process.pid)

        code = demo.end(signal.SIGINT)

        assert len(started) == 2
        assert code == 0
        wait_until(lambda: not any(map(is_running, started)), lambda: started)
        folder = re.search(r"into (/\S+)/whisper", demo.text())[1]
        assert not Path(folder).exists()
