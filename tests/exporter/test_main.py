"""The command `python -m fructosa_exporter`."""

import subprocess
import sys


def test_the_package_runs_as_a_program():
    """It has the exit code of the command."""
    command = [sys.executable, "-m", "fructosa_exporter"]

    help_ = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    invalid = subprocess.run([*command, "srve"], capture_output=True, text=True, check=False)

    assert help_.stdout.startswith("usage: lagent ")
    assert 2 == invalid.returncode
