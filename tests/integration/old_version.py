"""FrUCToSA 0.3.2 itself, for the tests that upgrade it.

It needs Python 3.7 to 3.9. Without such a Python it runs with that of the tests, in which two
functions of asyncio take an argument again that Python 3.10 removed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.services import missing

FOLDER = Path(__file__).parents[2] / ".venv-0.3"
PIDS = {name: f"/run/{name}.pid" for name in ("lagent", "lmaster")}

_VERSIONS = ("3.9", "3.8", "3.7")
_PROGRAM = """\
#!{python}
import asyncio, sys

if sys.version_info >= (3, 10):
    for name in ("open_connection", "start_server"):
        known = getattr(asyncio, name)
        setattr(asyncio, name, lambda *words, loop=None, known=known: known(*words))
sys.path.insert(0, {folder!r})
from fructosa.{name} import main

main()
"""


def install(folder):
    """Write lagent and lmaster of 0.3.2 to a folder; skip the test if 0.3.2 is not there."""
    if not (FOLDER / ".installed").exists():
        missing("FrUCToSA 0.3.2", "from PyPI")
    python = next(filter(_runs, _pythons()), sys.executable)
    for name in PIDS:
        program = folder / name
        program.write_text(_PROGRAM.format(python=python, folder=str(FOLDER), name=name))
        program.chmod(0o755)


def _pythons():
    """Yield where a Python of the right age may be: in pyenv, or as a command."""
    for version in _VERSIONS:
        yield from map(str, Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
        if found := shutil.which(f"python{version}"):
            yield found


def _runs(python):
    """Return whether a Python runs: a command of pyenv may refuse to."""
    command = [python, "-c", "import asyncio"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
