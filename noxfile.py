"""`nox` installs the wheel into empty environments of all Pythons that this machine has.

It reports the time and size of each installation. A missing Python is skipped and named.
"""

import os
import time
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
PYTHONS = ["3.11", "3.12", "3.13"]
_MIB = 2**20


@nox.session(python=PYTHONS)
@nox.parametrize("extra", ["", "users", "master"])
def install(session: nox.Session, extra: str) -> None:
    """Install the wheel of this tree, and run its programs."""
    wheel = _wheel(session)
    size_before, started_s = _disk_bytes(session), time.monotonic()
    session.install("--no-compile", f"{wheel}[{extra}]" if extra else str(wheel))
    took_s, size = time.monotonic() - started_s, _disk_bytes(session) - size_before
    session.run("lagent", "read", "LoadAverage", silent=True)
    session.run("lagent", "check", "-c", os.devnull, silent=True)
    if extra == "master":
        session.run("lmaster", "check", "--example", silent=True)
    name = f"FrUCToSA[{extra}]" if extra else "FrUCToSA"
    session.log(
        f"{name}: wheel {wheel.stat().st_size / _MIB:.2f} MiB, installed {size / _MIB:.1f} MiB "
        f"in {took_s:.1f} s"
    )


def _wheel(session: nox.Session) -> Path:
    """Build the wheel with the Python of the session; return its path."""
    folder = Path(session.create_tmp()) / "wheel"
    session.run("pip", "wheel", "-q", "--no-deps", "-w", str(folder), ".", silent=True)
    return max(folder.resolve().glob("*.whl"), key=lambda path: path.stat().st_mtime)


def _disk_bytes(session: nox.Session) -> int:
    """Return the disk space of the session's environment."""
    files = Path(session.virtualenv.location).rglob("*")
    return sum(file.lstat().st_blocks * 512 for file in files)
