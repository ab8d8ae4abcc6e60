"""What is published, built once for all tests, and environments in which it is tried."""

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
# The packages that are installed for these tests.
INSTALLED = sysconfig.get_path("purelib")


def run(*command, cwd, **environment):
    """Run a command to its good end; return what it printed."""
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
    """Return the files that belong to the project, new ones among them."""
    names = run("git", "ls-files", "-z", "-co", "--exclude-standard", cwd=ROOT).split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def copied(folder, *, changed_s=1_000_000_000):
    """Copy the project into a folder, all files of the given time; return the folder."""
    for name in tracked():
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
        os.utime(copy, (changed_s, changed_s))
    return folder


def built(folder, *, changed_s):
    """Build all that is published, of files of the given time: ``{name: path}``.

    The wheel without the part in C has a copy of its own, and is built at the same time.
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
    """Return the sdist, the wheel with the part in C, made of the sdist, and the one without.

    They are built once for each folder *base*, which is that of all tests of a session.
    """
    return built(Path(tempfile.mkdtemp(dir=base)), changed_s=1_000_000_000)


def wheel_with_c(base):
    """Return the wheel that a machine with a compiler makes of this tree."""
    (found,) = [path for name, path in published(base).items() if "-abi3-" in name]
    return found


class Environment:
    """A virtual environment, empty at first; what it lacks it may take from that of the tests.

    The pip of the tests installs into it, as its own would take longer to make than all the rest.
    """

    def __init__(self, folder):
        venv.create(folder, with_pip=False, symlinks=True)
        self.bin = folder / "bin"
        self.python = self.bin / "python"
        (self._packages,) = folder.glob("lib/python3*/site-packages")

    def install(self, *words, **environment):
        """Install something with pip."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "-q", *words]
        run(*pip, cwd=self.bin, **environment)

    def borrow(self):
        """See what is installed for the tests, behind what is installed here."""
        (self._packages / "borrowed.pth").write_text(f"{INSTALLED}\n")

    def bring(self, name, extra):
        """Bring what an extra of an installed package needs and nothing else, from the tests'."""
        (ours,) = metadata.distributions(name=name, path=[str(self._packages)])
        for needed in _needed(ours, extra):
            tops = {file.parts[0] for file in needed.files} - {"..", "__pycache__"}
            for top in tops:
                link = self._packages / top
                if not link.exists():
                    link.symlink_to(needed.locate_file(top))


def _needed(distribution, *extras):
    """Return what a distribution needs, and what that needs in turn, in versions that will do."""
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
    """Return what a distribution needs on this machine, with some of its extras."""
    told = [Requirement(text) for text in distribution.requires or ()]
    return [
        one
        for one in told
        if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
