"""Termination of a daemon."""

import os
import signal
import subprocess
import sys

import pytest

from fructosa_service.daemon import terminate
from fructosa_service.errors import ServiceError

_DEAF = "import signal, sys; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()"


@pytest.fixture
def child():
    """Return what starts a process that waits for signals."""
    started = []

    def start(code="import signal; print(flush=True); signal.pause()", **more):
        command = [sys.executable, "-c", code]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, **more))
        started[-1].stdout.readline()
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def test_sigterm_terminates_a_process(child):
    """It has exited when terminate() returns."""
    process = child()

    assert terminate.STOPPED == terminate.terminate(process.pid, 20, lambda: True)
    assert -signal.SIGTERM == process.wait()


def test_a_process_that_ignores_sigterm_is_killed(child):
    """After the timeout."""
    process = child(_DEAF)

    outcome = terminate.terminate(process.pid, 0.01, lambda: True)

    assert terminate.KILLED.format(timeout_s=0.01) == outcome
    assert -signal.SIGKILL == process.wait()


def test_another_process_with_the_same_pid_is_not_signalled(child):
    """Whether it is the daemon is checked once its file descriptor is open."""
    process = child()

    assert terminate.HAD_EXITED == terminate.terminate(process.pid, 20, lambda: False)
    assert process.poll() is None


def test_a_process_that_does_not_exist_has_exited(child):
    """It may exit at any time."""
    process = child()
    process.kill()
    process.wait()

    assert terminate.HAD_EXITED == terminate.terminate(process.pid, 20, lambda: True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_a_process_of_another_user_can_not_be_stopped(child):
    """The message says who can stop it."""
    process = child()
    code = (
        "import os; from fructosa_service import errors\n"
        "from fructosa_service.daemon import terminate; os.setuid(65534)\n"
        f"try: terminate.terminate({process.pid}, 1, lambda: True)\n"
        "except errors.ServiceError as error: print(error)"
    )

    output = subprocess.check_output([sys.executable, "-c", code], text=True)

    assert output.startswith(f"pid {process.pid} belongs to another user")
    assert process.poll() is None


def test_a_process_that_hangs_in_the_kernel_is_an_error(child, monkeypatch):
    """Not even SIGKILL ends it."""
    process = child()
    monkeypatch.setattr(terminate, "_exits", lambda *_: False)

    with pytest.raises(ServiceError, match="was killed but does not exit"):
        terminate.terminate(process.pid, 1, lambda: True)
