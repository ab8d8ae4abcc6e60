"""The first command of the README, `make demo`."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from .processes import Program, wait_until

DEMO = Path(__file__).parents[2] / "examples/demo.py"
PAGE_OF_DEMO = r"(http://127\.0\.0\.1:(\d+)/node/127-0-0-1)\n"


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
    port = re.search(PAGE_OF_DEMO, done.stdout)[2]
    assert re.search(rf"ssh -L {port}:127\.0\.0\.1:{port} \w+@\S+\n", done.stdout)
    assert re.search(r"\n +\d s +[0-9.]+% +[0-9.]+ GiB +[0-9.]+% +[0-9.]+ ms\n", done.stdout)
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
        demo.wait_for_output(r"\d s +[0-9.]+%")
        started = children(demo.process.pid)

        code = demo.end(signal.SIGINT)

        assert len(started) == 2
        assert code == 0
        wait_until(lambda: not any(map(is_running, started)), lambda: started)
        folder = re.search(r"writes to (/\S+)/whisper", demo.text())[1]
        assert not Path(folder).exists()


HOSTILE = {
    "lagent": "[lagent]\nhost = 0.0.0.0\nport = 1\n[web]\nusers file = /nowhere\n"
    "[sensor:BootTime]\n",
    "lmaster": "[lmaster]\nhost = 0.0.0.0\nport = 1\nuser = nobody\n"
    "[nodes:x]\nhosts = node[1-9]\n[web]\ncertificate = /nowhere\nkey = /nowhere\n"
    "[Graphite]\nhost = carbon\nprefix = x\nnaming = fructosa\n",
}
# Gives the machine another /etc/fructosa, for this process and its children.
WITH_ETC = 'mount -t overlay none -o lowerdir="$1:/etc" /etc && shift && exec "$@"'


def test_the_demo_uses_no_configuration_of_the_machine(tmp_path):
    """It listens on loopback only, whatever is in /etc/fructosa and in the environment."""
    within = ["unshare", "--mount", "sh", "-c", WITH_ETC, "sh", tmp_path]
    if subprocess.run([*within, "true"], capture_output=True, check=False).returncode:
        pytest.skip("only root can give the demo another /etc/fructosa")
    (tmp_path / "fructosa").mkdir()
    for name, text in HOSTILE.items():
        (tmp_path / f"fructosa/{name}.conf").write_text(text)
    nowhere = dict.fromkeys(("HOME", "XDG_DATA_HOME", "NOTIFY_SOCKET", "http_proxy"), "/nowhere")
    env = {**os.environ, **nowhere, "PYTHONUNBUFFERED": "1"}
    demo = [sys.executable, DEMO, "--interval", "1"]

    with Program(tmp_path / "log", *within, *demo, env=env) as running:
        running.wait_for_output(r"\d s +[0-9.]+%")
        listening = {
            connection.laddr.ip
            for pid in children(running.process.pid)
            for connection in psutil.Process(int(pid)).net_connections()
            if connection.status == "LISTEN"
        }
        running.end(signal.SIGINT)

    assert {"127.0.0.1"} == listening
    assert int(re.search(r"points of (\d+) sensors", running.text())[1]) >= 10
