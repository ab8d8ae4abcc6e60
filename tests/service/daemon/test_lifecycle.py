"""Start, stop and status of a daemon."""

import subprocess
import sys
from functools import partial

import pytest

from fructosa_service.daemon import lifecycle
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus
from fructosa_service.daemon.terminate import STOPPED
from fructosa_service.errors import ServiceError

# Start a daemon that serves until a signal, or the one whose code follows the path.
START = """
import signal, sys
from pathlib import Path
from fructosa_service.daemon import lifecycle
from fructosa_service.daemon.pid_file import DaemonState, PidFileStatus
from fructosa_service.errors import ServiceError

def run(ready):
    exec(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ready(["http://localhost:1/"])
    signal.pause()

result = lifecycle.start("lagent", Path(sys.argv[1]), run)
print(result.text)
sys.exit(result.code)
"""


RUNNING = partial(PidFileStatus, DaemonState.RUNNING)


@pytest.fixture
def path(tmp_path):
    """The path of a pid file; its daemon is stopped at the end."""
    path = tmp_path / "lagent.pid"
    yield path
    lifecycle.stop("lagent", path, 20)


def start(path, code="pass"):
    """Start a daemon from another process; return its result."""
    return subprocess.run(
        [sys.executable, "-c", START, path, code], capture_output=True, text=True, check=False
    )


def test_a_daemon_is_started_and_stopped(path):
    """Its status follows, with the exit codes of the Linux Standard Base."""
    assert 3 == lifecycle.status("lagent", path).code

    started = start(path)
    pid = int(path.read_text().split("\n")[0])
    running = lifecycle.status("lagent", path)
    again = start(path)
    stopped = lifecycle.stop("lagent", path, 20)

    details = lifecycle.details(RUNNING(pid, ("http://localhost:1/",)))
    assert (0, f"{lifecycle.STARTED.format(name='lagent', details=details)}\n") == (
        started.returncode,
        started.stdout,
    )
    assert 0 == running.code
    since = lifecycle.SINCE.format(time="2")
    begin = lifecycle.IS_RUNNING.format(name="lagent", details=f"{lifecycle.PID}, {since}")
    assert running.text.startswith(begin.format(pid=pid))
    already = lifecycle.ALREADY_RUNNING.format(name="lagent", details=details)
    assert f"{already}\n" == again.stdout
    ended = lifecycle.ENDED.format(name="lagent", outcome=STOPPED, pid=pid)
    assert ended == stopped.text
    assert 3 == lifecycle.status("lagent", path).code


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise ServiceError('the port is in use')", "lagent: the port is in use\n"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_daemon_that_fails_to_start_prints_the_reason(path, code, message):
    """On standard error of the start command, with its exit code; no pid file is left."""
    result = start(path, code)

    assert 1 == result.returncode
    assert message in result.stderr
    assert not path.exists()


def test_a_daemon_that_is_killed_before_it_is_ready_is_a_failure(path):
    """The start command does not wait forever."""
    result = start(path, "import os; os.kill(os.getpid(), 9)")

    assert (1, "lagent was killed before it was ready\n") == (result.returncode, result.stdout)


def test_a_dead_daemon_can_be_started_again(path):
    """Its pid file is stale."""
    start(path, "import os; os.kill(os.getpid(), 9)")

    assert lifecycle.EXIT_DEAD == lifecycle.status("lagent", path).code
    assert 0 == start(path).returncode


@pytest.mark.parametrize(
    ("pid", "shown"), [(7, lifecycle.PID.format(pid=7)), (None, lifecycle.PID_UNKNOWN)]
)
@pytest.mark.parametrize("content", [None, "2\nlagent\n"])
def test_a_daemon_without_the_pid_file_runs_and_is_not_stopped(tmp_path, content, pid, shown):
    """In the foreground, or under a service manager; a stale pid file does not matter."""
    path = tmp_path / "x.pid"
    if content is not None:
        path.write_text(content)
    details = f"{shown}, {lifecycle.SERVES.format(urls='http://a:1/')}"
    values = {"name": "lagent", "path": path, "details": details}

    status = lifecycle.status("lagent", path, lambda: RUNNING(pid, ("http://a:1/",)))
    stop = lifecycle.stop("lagent", path, 20, lambda: RUNNING(pid, ("http://a:1/",)))

    assert (0, lifecycle.RUNS_ELSEWHERE.format(**values)) == (status.code, status.text)
    assert (1, lifecycle.NOT_STOPPED.format(**values)) == (stop.code, stop.text)


def test_the_status_is_unknown_if_the_process_of_another_user_cannot_be_identified(tmp_path):
    """With the exit code for that."""

    def fail():
        raise ServiceError("whose is it?")

    status = lifecycle.status("lagent", tmp_path / "x.pid", fail)

    assert lifecycle.EXIT_UNKNOWN == status.code
    assert "whose is it?" in status.text
