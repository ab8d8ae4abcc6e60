"""The tests' own keeper of programs: it leaves none behind."""

import sys

import pytest

from .processes import Program

WAITS = "import signal; print('waiting', flush=True); signal.pause()"


def python(tmp_path, code):
    """Return a running Python."""
    return Program(tmp_path / "log", sys.executable, "-c", code)


def test_a_program_that_is_never_ready_is_ended_and_its_log_told(tmp_path):
    """Whoever waited for it may not have a name for it yet."""
    program = python(tmp_path, WAITS)
    program.said("waiting")

    with pytest.raises(AssertionError, match="to be ready:\nwaiting"):
        program.wait(lambda: False, deadline_s=0.1)

    assert program.process.returncode is not None


def test_a_program_that_ends_before_it_is_ready_is_told_at_once(tmp_path):
    """With what it said last."""
    program = python(tmp_path, "raise SystemExit('no such file')")

    with pytest.raises(AssertionError, match="ended:\nno such file"):
        program.said("waiting")
