"""Runs lagent as an ordinary user, from a copy that this user can read."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from .processes import CannotRun, Exporter, free_port, running

ROOT = Path(__file__).parents[2]
# In a session of its own and as nice as the systemd unit makes it: the kernel may share CPUs out
# among sessions.
_AS_SERVICE = ("setsid", "nice", "-n", "5")
_AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def readable_python() -> str:
    """Return a Python of this version that every user can run.

    Raises: CannotRun.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        if (
            subprocess.run(
                [*_AS_NOBODY, python, "-c", ""], check=False, capture_output=True
            ).returncode
            == 0
        ):
            return python
    raise CannotRun(f"no Python {version} can be run by every user; install Debian's python3")


@contextmanager
def lagent_as_nobody(folder: Path, sensors: Mapping[str, Mapping[str, str]]) -> Iterator[Exporter]:
    """Run lagent with the options of *sensors* until the block ends; *folder* is open to all."""
    packages = folder / "packages"
    for path in (
        ROOT / "fructosa_exporter",
        ROOT / "fructosa_service",
        Path(psutil.__file__).parent,
    ):
        shutil.copytree(path, packages / path.name)
    lines = []
    for name, options in sensors.items():
        lines += [f"[sensor:{name}]", *(f"{key} = {value}" for key, value in options.items())]
    config, port = folder / "lagent.conf", free_port()
    config.write_text("\n".join(lines) + "\n")
    run = f"import sys; sys.path.insert(0, {str(packages)!r}); "
    run += "from fructosa_exporter.cli import main; main()"
    command = [*_AS_SERVICE, *_AS_NOBODY, readable_python(), "-c", run, "serve", "-c", str(config)]
    with running("lagent", [*command, "--port", str(port)], port) as exporter:
        yield exporter
