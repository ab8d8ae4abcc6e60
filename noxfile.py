"""Installs the wheel into an empty environment of each Python on this machine: `nox`.

Prints the time and the size of each installation. Versions of Python that are not installed are
listed as skipped.
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
    """Install the wheel of this tree; run its commands."""
    wheel = _wheel(session)
    before, began_s = _size(session), time.monotonic()
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    session.install("--no-compile", wanted)
    took_s, grown = time.monotonic() - began_s, _size(session) - before
    session.run("lagent", "read", "LoadAverage", silent=True)
    session.run("lagent", "check", "-c", os.devnull, silent=True)
    if extra == "master":
        session.run("lmaster", "check", "--example", silent=True)
    name = f"FrUCToSA[{extra}]" if extra else "FrUCToSA"
    session.log(
        f"{name}: wheel {wheel.stat().st_size / _MIB:.2f} MiB, installed {grown / _MIB:.1f} MiB "
        f"in {took_s:.1f} s"
    )


def _wheel(session: nox.Session) -> Path:
    """Return the wheel, built by the Python of the session."""
    folder = Path(session.create_tmp()) / "wheel"
    session.run("pip", "wheel", "-q", "--no-deps", "-w", str(folder), ".", silent=True)
    return max(folder.resolve().glob("*.whl"), key=lambda path: path.stat().st_mtime)


def _size(session: nox.Session) -> int:
    """Return the disk space of the session's environment, in bytes."""
    files = Path(session.virtualenv.location).rglob("*")
    return sum(file.lstat().st_blocks * 512 for file in files)
