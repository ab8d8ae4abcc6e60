"""Builds the extension in C and a reproducible sdist; all else is in setup.cfg."""

import gzip
import os
import tarfile
import time
from pathlib import Path
from typing import Any

from setuptools import Extension, setup
from setuptools.command.sdist import sdist

# FRUCTOSA_PURE=1 builds the pure Python wheel, without the extension in C.
PURE = os.environ.get("FRUCTOSA_PURE") == "1"
FAST = Extension(
    "fructosa_bridge.translate._fast",
    ["fructosa_bridge/translate/_fast.c"],
    extra_compile_args=["-g0"],  # debug information contains the build directory
    py_limited_api=True,
    optional=True,
)


class Sdist(sdist):
    """An sdist without the time and the user of its build."""

    def make_archive(self, base_name: str, format: str, *_: Any, base_dir: str, **__: Any) -> str:  # noqa: A002
        """Pack the directory *base_dir* as .tar.gz, for any *format*; return its path."""
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
        path = Path(f"{base_name}.tar.gz")
        with (
            path.open("wb") as file,
            gzip.GzipFile("", "wb", 9, file, epoch) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for one in (Path(base_dir), *sorted(Path(base_dir).rglob("*"))):
                archive.add(one, recursive=False, filter=lambda it: _anybody(it, epoch))
        return str(path)


def _anybody(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    """Return a member of an archive as anybody would have packed it."""
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
