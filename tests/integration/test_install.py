"""The wheel in an empty virtual environment."""

import re
import subprocess
import sys
import zipfile

import pytest

from .packaged import ROOT, Environment, copied, run, wheel_with_c, wheelhouse


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The published wheel with the C extension."""
    return wheel_with_c(tmp_path_factory.getbasetemp())


def test_the_wheel_contains_the_packages_but_no_tests(wheel):
    """It also contains web pages and their charting library with its licence."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names if not re.search(r"\.(dist-info|data)/", name)}

    ours = {"fructosa_service", "fructosa_exporter", "fructosa_bridge", "fructosa_grafana"}
    assert ours == tops
    assert {
        "fructosa_bridge/web/templates/node.html",
        "fructosa_bridge/web/static/plots.js",
        "fructosa_bridge/web/static/vendor/uplot/uPlot.iife.min.js",
        "fructosa_bridge/web/static/vendor/uplot/LICENSE",
        "fructosa_exporter/py.typed",
    } <= set(names)
    assert any(name.endswith("LICENSE") and ".dist-info" in name for name in names)


def test_the_wheel_runs_from_any_folder_in_an_empty_environment(wheel, tmp_path):
    """Compute nodes need no extra for the agent; the head node needs the extra master."""
    empty = Environment(tmp_path / "venv")
    lagent, lmaster = empty.bin / "lagent", empty.bin / "lmaster"

    empty.install(wheel)

    assert "fructosa_boot_time_seconds 1" in run(lagent, "read", cwd="/")
    bare = subprocess.run([lmaster, "check"], capture_output=True, text=True, check=False)
    assert (1, "") == (bare.returncode, bare.stdout)
    assert f"{empty.python} -m pip install 'FrUCToSA[master]>=1.0'" in bare.stderr

    empty.bring("FrUCToSA", "master")

    assert "[nodes:compute]" in run(lmaster, "check", "--example", cwd="/")
    code = "from fructosa_bridge.translate import fast; print(fast.__file__, fast.numbers)"
    assert re.match(rf"{tmp_path}/\S* <built-in", run(empty.python, "-c", code, cwd="/"))


def test_the_folder_of_wheels_needs_no_index(tmp_path, tmp_path_factory):
    """It has all that the head node needs, built; nothing else is built at the installation."""
    wheels = wheelhouse(tmp_path_factory.getbasetemp())
    here = Environment(tmp_path / "venv")

    here.install("--no-index", "--find-links", wheels, "FrUCToSA[master]>=1.0")

    assert {".whl"} == {file.suffix for file in wheels.iterdir()}
    assert "[nodes:compute]" in run(here.bin / "lmaster", "check", "--example", cwd="/")


def test_an_older_python_is_refused_at_once():
    """Some versions of pip would try all versions of all requirements before they say so."""
    code = "import sys; sys.version_info = (3, 9, 18); exec(open('setup.py').read())"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (1, "") == (done.returncode, done.stdout)
    assert "FrUCToSA needs Python 3.11 or newer, and this is Python 3.9;" in done.stderr


def test_without_a_compiler_it_is_installed_without_the_c_extension(tmp_path):
    """pip builds it from source; everything then runs in Python."""
    source = copied(tmp_path / "source")
    here = Environment(tmp_path / "venv")
    here.borrow()

    here.install("--no-deps", source, CC="/bin/false")

    code = "from fructosa_bridge.translate import fast; print(fast.numbers, fast.frames)"
    assert "None None\n" == run(here.python, "-c", code, cwd=tmp_path)
    assert "[nodes:compute]" in run(here.bin / "lmaster", "check", "--example", cwd=tmp_path)
