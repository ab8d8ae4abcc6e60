"""The set-up by make: what it prints, and what it needs, with a fake Python, pip and apt-get."""

import os
import re
import shutil
import subprocess

import pytest

from .packaged import ROOT

STAGES = re.compile(
    r"creating the virtual environment .venv \(a few seconds\): \d+ s\n"
    r"installing FrUCToSA into .venv \(half a minute\): (.*)\n"
)
# Its module ensurepip is there if the file "ensurepip" is. A venv is a folder with the fake pip.
PYTHON = """#!/bin/sh
case "$*" in
*version_info*) [ ! -e is-old ] ;;
*ensurepip*) [ -e ensurepip ] ;;
*venv*) mkdir -p .venv/bin && cp bin/pip .venv/bin ;;
esac
"""
PIP = """#!/bin/sh
echo "WARNING: $PYTHONPATH $PYTHONWARNINGS user=$PIP_USER"
[ ! -e is-offline ]
"""
APT_GET = """#!/bin/sh
echo "debconf: delaying package configuration"
[ $1 != install ] || echo "$@" >ensurepip
"""


pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


@pytest.fixture
def machine(tmp_path):
    """A folder in which make runs, as an ordinary user by default."""
    for name in ("Makefile", "tests/stages.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "fructosa_bridge/translate/_fast.c"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "bin").mkdir()
    programs = {"python3": PYTHON, "pip": PIP, "apt-get": APT_GET, "id": "#!/bin/sh\necho 1000\n"}
    for name, text in programs.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def made(machine):
    """Run make until FrUCToSA is installed; return the exit code and the output."""
    done = subprocess.run(
        ["make", ".venv/.installed"],
        cwd=machine,
        env={
            "PATH": f"{machine}/bin:{os.environ['PATH']}",
            "PYTHONPATH": "/modules",
            "PYTHONWARNINGS": "error",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


def test_each_stage_of_the_set_up_is_a_line_with_its_time(machine):
    """Without the warnings of pip."""
    (machine / "ensurepip").touch()

    code, output = made(machine)

    assert 0 == code, output
    assert re.fullmatch(r"\d+ s", STAGES.fullmatch(output)[1])


def test_what_pip_prints_is_shown_if_it_fails(machine):
    """With what it needs. It gets nothing that is set for other Pythons."""
    (machine / "ensurepip").touch()
    (machine / "is-offline").touch()

    code, output = made(machine)

    assert 2 == code
    assert "failed" == STAGES.match(output)[1]
    assert "\nWARNING:   user=0\npip needs PyPI, or another package index" in output


def test_an_old_python_is_refused(machine):
    """With the command for another one."""
    (machine / "is-old").touch()

    code, output = made(machine)

    assert 2 == code
    assert output.startswith("FrUCToSA needs Python 3.11 or newer; ")
    assert "make .venv/.installed PYTHON=python3.11\n" in output


def test_without_ensurepip_the_missing_package_is_named(machine):
    """Debian's Python comes without it."""
    code, output = made(machine)

    assert 2 == code
    assert output.startswith("python3 can't create virtual environments; ")
    assert output.splitlines()[0].endswith(": apt-get install python3-venv")


def test_root_gets_the_missing_package(machine):
    """In a stage of its own, without the output of apt-get."""
    (machine / "bin/id").write_text("#!/bin/sh\necho 0\n")

    code, output = made(machine)

    assert 0 == code, output
    first, rest = output.split("\n", 1)
    assert re.fullmatch(r"installing python3-venv \(a few seconds\): \d+ s", first)
    assert STAGES.fullmatch(rest)
    assert (machine / "ensurepip").read_text().endswith(" python3-venv\n")
