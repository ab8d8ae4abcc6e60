"""Builds the sdist and wheels once for all tests, and installs them into virtual environments."""

import functools
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.services import program

ROOT = Path(__file__).parents[2]
# The folder with the packages of the tests' Python.
INSTALLED = sysconfig.get_path("purelib")


def run(*command, cwd, **environment):
    """Run a command, which must succeed; return its output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tracked():
    """Return the files of the project, including new ones that are not ignored."""
    git = program("git", "git"), "-c", f"safe.directory={ROOT}"  # it may belong to another user
    if not (ROOT / ".git").exists():
        pytest.skip("only a clone of the repository tells which files belong to the project")
    names = run(*git, "ls-files", "-z", "-co", "--exclude-standard", cwd=ROOT).split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def copied(folder, *, changed_s=1_000_000_000):
    """Copy the project into a folder, with the same time for all files; return the folder."""
    for name in tracked():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
        os.utime(copy, (changed_s, changed_s))
    return folder


def built(folder, *, changed_s):
    """Build the sdist and both wheels from files with the given time: ``{name: path}``.

    The wheel without the C extension is built at the same time from its own copy.
    """
    build = [sys.executable, "-m", "build", "-q", "--no-isolation"]
    with_c, without = (copied(folder / name, changed_s=changed_s) for name in ("c", "pure"))
    epoch = {"SOURCE_DATE_EPOCH": "1700000000"}
    with ThreadPoolExecutor() as pool:
        builds = [
            pool.submit(run, *build, ".", cwd=with_c, **epoch),
            pool.submit(run, *build, "-w", ".", cwd=without, **epoch, FRUCTOSA_PURE="1"),
        ]
    for one in builds:
        one.result()
    return {path.name: path for copy in (with_c, without) for path in (copy / "dist").iterdir()}


@functools.cache
def published(base):
    """Return the sdist, the wheel with the C extension (from the sdist), and the one without.

    They are built once per folder *base*, which is the same for all tests of a session.
    """
    return built(Path(tempfile.mkdtemp(dir=base)), changed_s=1_000_000_000)


@functools.cache
def wheelhouse(base):
    """Return the folder of wheels that docs/install.md makes of this tree, from a package index.

    As on a new machine, pip has only what is in a new environment, and no wheels of its own.
    """
    page = (ROOT / "docs/install.md").read_text()
    (line,) = re.findall("^/opt/fructosa/bin/pip wheel .*$", page, re.MULTILINE)
    folder = Path(tempfile.mkdtemp(dir=base))
    venv.create(folder / "fructosa", with_pip=True, symlinks=True)
    line = line.replace("/opt", str(folder)).replace("/srv/fructosa", f"{folder}/wheels")
    run("bash", "-c", line, cwd=copied(folder / "clone"), PIP_NO_CACHE_DIR="1")
    return folder / "wheels"


def wheel_with_c(base):
    """Return the wheel with the C extension; without gcc, the test is skipped."""
    program("gcc", "gcc")
    (found,) = [path for name, path in published(base).items() if "-abi3-" in name]
    return found


class Environment:
    """A virtual environment, empty at first, which can use packages of the tests' environment.

    It has no pip; the pip of the tests installs into it, which is much faster.
    """

    def __init__(self, folder):
        venv.create(folder, with_pip=False, symlinks=True)
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        (self._packages,) = folder.glob("lib/python3*/site-packages")

    def install(self, *words, **environment):
        """Run pip install with these arguments."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "-q", *words]
        run(*pip, cwd=self.bin, **environment)

    def borrow(self):
        """Make the packages of the tests' environment importable, after its own."""
        (self._packages / "borrowed.pth").write_text(f"{INSTALLED}\n")

    def bring(self, name, extra):
        """Link the requirements of an extra of an installed package, and only those."""
        (ours,) = metadata.distributions(name=name, path=[str(self._packages)])
        for name, path in needed_packages(ours, extra).items():
            link = self._packages / name
            if not link.exists():
                link.symlink_to(path)


def needed_packages(distribution, extra):
    """Return the modules and folders of all that a distribution with an *extra* needs, by name."""
    found = {
        top: Path(needed.locate_file(top))
        for needed in _needed(distribution, extra)
        for top in {file.parts[0] for file in needed.files} - {"..", "__pycache__"}
    }
    # Without a RECORD, as an old pip installs sdists, also files are listed that stayed there.
    return {name: path for name, path in found.items() if path.exists()}


def _needed(distribution, *extras):
    """Return the requirements of a distribution, recursively; their versions must match."""
    found, due = {}, _requirements(distribution, *extras)
    while due:
        one = due.pop()
        known = found.get(one.name) or metadata.distribution(one.name)
        assert one.specifier.contains(known.version, prereleases=True), one
        if one.name not in found:
            found[one.name] = known
            due += _requirements(known, *one.extras)
    return found.values()


def _requirements(distribution, *extras):
    """Return the requirements of a distribution on this machine, with some of its extras."""
    requirements = [Requirement(text) for text in distribution.requires or ()]
    return [
        one
        for one in requirements
        if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
