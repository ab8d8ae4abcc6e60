"""Recorded /proc and /sys trees, one text file each, which say where they come from.

A file begins with comment lines (what machine, which kernel, who recorded it); then each
``== /path`` is followed by what that file holds, each ``== /path -> target`` is a symbolic link,
each ``== /path !`` a file that can't be read (a folder lies in its place).
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from fructosa_exporter.kernel import Kernel

FOLDER = Path(__file__).parent


@cache
def _root():
    root = Path(tempfile.mkdtemp(prefix="fructosa-recorded-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    return root


def unpack(text, root):
    """Write the files of a recorded tree below *root*."""
    _, *files = ("\n" + text).split("\n== ")
    for file in files:
        head, _, content = file.partition("\n")
        path, arrow, target = head.partition(" -> ")
        place = root / path.removesuffix(" !").lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            place.symlink_to(target)
        elif path.endswith(" !"):
            place.mkdir()
        else:
            place.write_text(content if content.endswith("\n") else content + "\n")


@cache
def kernel(name):
    """Return what reads the recorded tree *name*; tests must not change it."""
    root = _root() / name
    root.mkdir()
    unpack((FOLDER / f"{name}.tree").read_text(), root)
    return Kernel(root)


def changed(name, folder, files):
    """Return what reads a copy of a tree in *folder*, with the *files* changed: content by path.

    None removes a file or a folder.
    """
    unpack((FOLDER / f"{name}.tree").read_text(), folder)
    for path, content in files.items():
        place = folder / path.lstrip("/")
        if content is None:
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
    return Kernel(folder)
