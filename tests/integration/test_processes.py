"""The helper that runs programs in tests leaves none behind."""

import sys

import pytest

from .processes import Program

WAITS = "import signal; print('waiting', flush=True); signal.pause()"


def python(tmp_path, code):
    """Start a Python with some code."""
    return Program(tmp_path / "log", sys.executable, "-c", code)


def test_a_program_that_never_gets_ready_is_ended_and_its_output_shown(tmp_path):
    """The caller may not have a reference to it yet."""
    program = python(tmp_path, WAITS)
    program.wait_for_output("waiting")

    with pytest.raises(AssertionError, match="to be ready:\nwaiting"):
        program.wait(lambda: False, deadline_s=0.1)

    assert program.process.returncode is not None


def test_a_program_that_exits_before_it_is_ready_fails_at_once(tmp_path):
    """The error shows its last output."""
    program = python(tmp_path, "raise SystemExit('no such file')")

    with pytest.raises(AssertionError, match="ended:\nno such file"):
        program.wait_for_output("waiting")
