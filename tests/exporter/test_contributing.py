"""Adds a sensor to a copy of the tree, exactly as CONTRIBUTING describes it."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
# What `make check` and `make docs` need, and the cache of mypy.
COPIED = (
    *("fructosa_service", "fructosa_exporter", "fructosa_grafana", "fructosa_bridge"),
    *("tests", "docs", "examples", "grafana", "benchmarks", "completion", ".mypy_cache"),
    *("Makefile", "setup.cfg", "setup.py", "pyproject.toml", "README.md", "CONTRIBUTING.md"),
)
# The unit tests that a new sensor affects.
CONCERNED = (
    "tests/test_house.py",
    "tests/exporter/sensors/test_sensors.py",
    "tests/exporter/sensors/system/test_entropy.py",
    "tests/exporter/reference",
    "tests/exporter/test_config.py",
    "tests/bridge/carbon_setup/test_schemas.py",
    "tests/grafana/dashboards/test_coverage.py",
)
# The virtual environment exists already.
MAKE = ("make", "-o", ".venv/.tested", "-o", ".venv/.installed", f"BIN={BIN}")


def section():
    """Return the section on adding a sensor."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text.partition("## Add a sensor\n")[2].partition("\n## ")[0]


def blocks():
    """Return the code blocks of the section, by the file that was last named before them."""
    parts = re.split(r"```\w+\n(.*?)```", section(), flags=re.DOTALL)
    files = [re.findall(r"`(\w+(?:/\w+)+\.\w+)`", before)[-1] for before in parts[:-1:2]]
    return dict(zip(files, map(textwrap.dedent, parts[1::2]), strict=True))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree after all steps of the section except the last."""
    tree = tmp_path_factory.mktemp("contributing")
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "vendor")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, tree / name)
    for file, text in blocks().items():
        (tree / file).write_text(text)
    return tree


def run(tree, *command):
    """Run a command in the tree; return its output if it fails, else an empty string."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def test_a_sensor_added_as_described_passes_all_checks(tree):
    """Lint, types, and the unit tests that it affects."""
    with ThreadPoolExecutor(2) as pool:  # mypy takes as long as everything else
        types = pool.submit(run, tree, BIN / "mypy")
        made = run(tree, *MAKE, "docs")
        lint = run(tree, BIN / "ruff", "check"), run(tree, BIN / "ruff", "format", "--check")
        tested = run(tree, sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *CONCERNED)

    assert ("", ("", ""), "", "") == (made, lint, types.result(), tested)
    assert "\n## Entropy\n" in (tree / "docs/sensors.md").read_text()


def test_the_section_lists_all_files():
    """The sensor, its recorded files and its test: nothing else is edited by hand."""
    assert [
        "fructosa_exporter/sensors/system/entropy.py",
        "tests/exporter/recorded/entropy.tree",
        "tests/exporter/sensors/system/test_entropy.py",
    ] == list(blocks())
