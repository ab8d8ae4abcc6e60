"""The command `python -m fructosa_exporter`, and what both programs have to do with it."""

import subprocess
import sys

import pytest


def test_the_package_runs_as_a_program():
    """It has the exit code of the command."""
    command = [sys.executable, "-m", "fructosa_exporter"]

    help_ = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True)
    invalid = subprocess.run([*command, "srve"], capture_output=True, text=True, check=False)

    assert help_.stdout.startswith("usage: lagent ")
    assert 2 == invalid.returncode


@pytest.mark.parametrize("package", ["fructosa_exporter", "fructosa_bridge"])
def test_modules_in_the_current_folder_are_not_imported(package, tmp_path):
    """In a folder of another user they would run with the rights of root."""
    for name in ("argparse", "logging", "fructosa_service", "psutil"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from here')")

    command = [sys.executable, "-m", package, "--version"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
