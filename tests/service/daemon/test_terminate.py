"""The end of a daemon: asked for, awaited, and in the end made."""

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
    """A process that waits for a signal; it has said that it does."""
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


def test_sigterm_ends_it(child):
    """And its end has come when that is told."""
    process = child()

    assert "is stopped" == terminate.end(process.pid, 20, lambda: True)
    assert -signal.SIGTERM == process.wait()


def test_what_ignores_sigterm_is_killed_and_that_is_told(child):
    """After the patience is over."""
    process = child(_DEAF)

    told = terminate.end(process.pid, 0.01, lambda: True)

    assert "did not end within 0.01 s, and was killed" == told
    assert -signal.SIGKILL == process.wait()


def test_what_has_got_the_number_since_is_not_signalled(child):
    """The descriptor may be that of another process; who it is is asked once more behind it."""
    process = child()

    assert "had ended already" == terminate.end(process.pid, 20, lambda: False)
    assert process.poll() is None


def test_what_is_not_there_has_ended(child):
    """Between two looks it may."""
    process = child()
    process.kill()
    process.wait()

    assert "had ended already" == terminate.end(process.pid, 20, lambda: True)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become another user")
def test_another_users_process_is_left_alone(child):
    """And the message says who can end it."""
    process = child()
    code = (
        "import os; from fructosa_service import errors\n"
        "from fructosa_service.daemon import terminate; os.setuid(65534)\n"
        f"try: terminate.end({process.pid}, 1, lambda: True)\n"
        "except errors.ServiceError as error: print(error)"
    )

    said = subprocess.check_output([sys.executable, "-c", code], text=True)

    expected = "is another user's, and can't be stopped by this one; ask root to do it"
    assert f"pid {process.pid} {expected}\n" == said
    assert process.poll() is None


def test_what_the_kernel_holds_is_told(child, monkeypatch):
    """A process in a call that hangs does not even end when it is killed."""
    process = child()
    monkeypatch.setattr(terminate, "_ends", lambda *_: False)

    with pytest.raises(ServiceError, match="does not end, not even killed"):
        terminate.end(process.pid, 1, lambda: True)
