"""The wheel, in an empty virtual environment."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The one wheel that `pip wheel .` makes."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    run("git", "clone", "-q", ROOT, source, cwd=folder)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, source, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


def run(*command, cwd):
    """Run a command to its good end; return what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_packages_and_nothing_of_the_tests(wheel):
    """Pages and their charting library come along, with its licence."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if not re.search(r"\.(dist-info|data)/", name)}

    ours = {"fructosa_service", "fructosa_exporter", "fructosa_bridge", "fructosa_grafana"}
    assert ours == tops
    assert {
        "fructosa_bridge/pages/node.html",
        "fructosa_bridge/pages/plots.js",
        "fructosa_bridge/pages/vendor/uplot/uPlot.iife.min.js",
        "fructosa_bridge/pages/vendor/uplot/LICENSE",
        "fructosa_exporter/py.typed",
    } <= set(names)
    assert any(name.endswith("LICENSE") and ".dist-info" in name for name in names)


def test_the_wheel_runs_from_any_folder_in_an_empty_environment(wheel, tmp_path):
    """A compute node gets the agent alone; the head node adds an extra."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    pip = tmp_path / "venv/bin/pip"
    lagent, lmaster = tmp_path / "venv/bin/lagent", tmp_path / "venv/bin/lmaster"
    run(pip, "install", "-q", wheel, cwd=tmp_path)

    assert "fructosa_boot_time_seconds 1" in run(lagent, "read", cwd="/")
    bare = subprocess.run([lmaster, "check"], capture_output=True, text=True, check=False)
    assert (1, "") == (bare.returncode, bare.stdout)
    assert "pip install 'FrUCToSA[master]'" in bare.stderr

    run(pip, "install", "-q", f"{wheel}[master]", cwd=tmp_path)

    assert "[nodes:compute]" in run(lmaster, "check", "--example", cwd="/")


def test_without_a_compiler_it_is_installed_without_the_part_in_c(tmp_path):
    """All goes on in Python then."""
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    run("git", "clone", "-q", ROOT, tmp_path / "source", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"

    install = [python, "-m", "pip", "install", "-q", tmp_path / "source[master]"]
    run("env", "CC=/bin/false", *install, cwd=tmp_path)

    code = "from fructosa_bridge import fast; print(fast.numbers, fast.frames)"
    assert "None None\n" == run(python, "-c", code, cwd=tmp_path)
    example = run(tmp_path / "venv/bin/lmaster", "check", "--example", cwd=tmp_path)
    assert "[nodes:compute]" in example
