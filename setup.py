"""What setup.cfg cannot express: the C extension, and a reproducible sdist."""

import gzip
import os
import sys
import tarfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.sdist import sdist

# An older pip tries all versions of all requirements before it gives up because of python_requires.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        "FrUCToSA needs Python 3.11 or newer, and this is Python {}.{}; make the environment with "
        "a newer one, e.g. python3.11 -m venv".format(*sys.version_info)
    )

# FRUCTOSA_PURE=1 builds the wheel without the C extension, for all machines.
PURE = os.environ.get("FRUCTOSA_PURE") == "1"
FAST = Extension(
    "fructosa_bridge.translate._fast",
    ["fructosa_bridge/translate/_fast.c"],
    extra_compile_args=["-g0"],  # debug information would contain the path of the build folder
    py_limited_api=True,
    optional=True,
)


class Sdist(sdist):
    """An sdist whose archive does not depend on the user, or on the time if it is set."""

    def make_archive(self, base_name: str, format: str, *_: Any, base_dir: str, **__: Any) -> str:  # noqa: A002
        """Pack the folder *base_dir* as .tar.gz, whatever the *format*; return the path."""
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
        path = Path(f"{base_name}.tar.gz")
        with ExitStack() as stack:
            output = stack.enter_context(path.open("wb"))
            packed = stack.enter_context(gzip.GzipFile("", "wb", 9, output, epoch))
            archive = stack.enter_context(
                tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT)
            )
            for file in (Path(base_dir), *sorted(Path(base_dir).rglob("*"))):
                archive.add(file, recursive=False, filter=lambda it: _normalized(it, epoch))
        return str(path)


def _normalized(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """Return a member of an archive with a fixed owner, time and mode."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = epoch
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


setup(
    cmdclass={"sdist": Sdist},
    ext_modules=[] if PURE else [FAST],
    options={} if PURE else {"bdist_wheel": {"py_limited_api": "cp311"}},
)
