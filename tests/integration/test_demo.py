"""README's first command: the demonstration."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from .processes import Program, wait_until

DEMO = Path(__file__).parents[2] / "examples/demo.py"


def children(pid):
    """Return the processes that a process has started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_running(pid):
    """Tell whether a process runs: one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_demo_ends_by_itself_with_points_of_ten_sensors_or_more():
    """It prints where to look, live values, and how many points came."""
    done = subprocess.run(
        [sys.executable, DEMO, "--for", "6", "--interval", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert re.search(r"Open http://127\.0\.0\.1:\d+/node/127-0-0-1 in a browser", done.stdout)
    assert re.search(r"processors busy +[0-9.]+%", done.stdout)
    points, sensors = re.search(r"(\d+) points of (\d+) sensors", done.stdout).groups()
    assert int(points) > 100
    assert int(sensors) >= 10


def test_the_demo_fails_when_there_are_too_few_points():
    """No scrape is due in so short a time: the exit code says so."""
    done = subprocess.run(
        [sys.executable, DEMO, "--for", "0.1", "--interval", "3600"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "0 sensors" in done.stdout


def test_ctrl_c_ends_all_that_the_demo_started(tmp_path):
    """Neither agent nor master is left."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with Program(tmp_path / "log", sys.executable, DEMO, "--interval", "1", env=env) as demo:
        demo.said(r"\d+ s  processors")
        started = children(demo.process.pid)

        code = demo.end(signal.SIGINT)

        assert len(started) == 2
        assert code == 0
        wait_until(lambda: not any(map(is_running, started)), lambda: started)
        folder = re.search(r"into (/\S+)/whisper", demo.text())[1]
        assert not Path(folder).exists()
