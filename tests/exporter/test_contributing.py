"""CONTRIBUTING's way to add a sensor, gone word by word in a copy of the tree."""

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
# What `make check` and `make docs` look at, and what mypy knows already.
COPIED = (
    *("fructosa_service", "fructosa_exporter", "fructosa_grafana", "fructosa_bridge"),
    *("tests", "docs", "examples", "grafana", "benchmarks", "completion", ".mypy_cache"),
    *("Makefile", "setup.cfg", "setup.py", "pyproject.toml", "README.md", "CONTRIBUTING.md"),
)
# The unit tests that a new sensor has to do with; the others know nothing of any one sensor.
CONCERNED = (
    "tests/test_house.py",
    "tests/exporter/sensors/test_sensors.py",
    "tests/exporter/sensors/system/test_entropy.py",
    "tests/exporter/reference",
    "tests/exporter/test_config.py",
    "tests/bridge/carbon_setup/test_schemas.py",
    "tests/grafana/dashboards/test_coverage.py",
)
# The virtual environment is there, so make need not make it.
MAKE = ("make", "-o", ".venv/.tested", "-o", ".venv/.installed", f"BIN={BIN}")


def section():
    """Return the text on adding a sensor."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text.partition("## Add a sensor\n")[2].partition("\n## ")[0]


def blocks():
    """Return the blocks of the section, each by the file that is named last before it."""
    parts = re.split(r"```\w+\n(.*?)```", section(), flags=re.DOTALL)
    files = [re.findall(r"`(\w+(?:/\w+)+\.\w+)`", before)[-1] for before in parts[:-1:2]]
    return dict(zip(files, map(textwrap.dedent, parts[1::2]), strict=True))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree in which all was done that the section says, but for the last step."""
    tree = tmp_path_factory.mktemp("contributing")
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "vendor")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=ignored)
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, tree / name)
    for file, text in blocks().items():
        if file == "fructosa_grafana/dashboards/coverage.py":
            begin = "WITHOUT_PANEL = {\n"
            known = (tree / file).read_text()
            text = known.replace(begin, begin + textwrap.indent(text, "    "))
        (tree / file).write_text(text)
    return tree


def run(tree, *command):
    """Run a command in the tree; return what it said, nothing where all went well."""
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


def test_a_sensor_that_is_added_as_contributing_says_passes_all_checks(tree):
    """Lint, types, and the unit tests that have to do with it."""
    with ThreadPoolExecutor(2) as pool:  # types take as long as all else
        types = pool.submit(run, tree, BIN / "mypy")
        made = run(tree, *MAKE, "docs")
        lint = run(tree, BIN / "ruff", "check"), run(tree, BIN / "ruff", "format", "--check")
        tested = run(tree, sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *CONCERNED)

    assert ("", ("", ""), "", "") == (made, lint, types.result(), tested)
    assert "\n## Entropy\n" in (tree / "docs/sensors.md").read_text()


def test_the_section_says_what_is_written_where():
    """Code, what was recorded, a test, and why there is no panel."""
    assert [
        "fructosa_exporter/sensors/system/entropy.py",
        "tests/exporter/recorded/entropy.tree",
        "tests/exporter/sensors/system/test_entropy.py",
        "fructosa_grafana/dashboards/coverage.py",
    ] == list(blocks())
