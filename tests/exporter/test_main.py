"""`python -m fructosa_exporter` is lagent."""

import subprocess
import sys


def test_the_package_runs_as_a_program():
    """Its exit code is that of the command."""
    command = [sys.executable, "-m", "fructosa_exporter"]

    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    wrong = subprocess.run([*command, "srve"], capture_output=True, text=True, check=False)

    assert shown.stdout.startswith("usage: lagent ")
    assert 2 == wrong.returncode
