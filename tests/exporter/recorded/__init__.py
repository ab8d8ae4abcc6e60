"""Recorded /proc and /sys trees, with one text file for each.

A text file begins with comment lines: the machine, its kernel, and who recorded it. Then each
``== /path`` is followed by the content of that file, each ``== /path -> target`` is a symbolic
link, and each ``== /path !`` is a file that can't be read (a folder in its target_path).
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
        target_path = root / path.removesuffix(" !").lstrip("/")
        target_path.parent.mkdir(parents=True, exist_ok=True)
        if arrow:
            target_path.symlink_to(target)
        elif path.endswith(" !"):
            target_path.mkdir()
        else:
            target_path.write_text(content if content.endswith("\n") else content + "\n")


@cache
def kernel(name):
    """Return a Kernel that reads the recorded tree *name*; tests must not change its files."""
    root = _root() / name
    root.mkdir()
    unpack((FOLDER / f"{name}.tree").read_text(), root)
    return Kernel(root)


def changed(name, folder, files):
    """Return a Kernel that reads a copy of the tree *name* in *folder*, with changed *files*.

    *files* maps paths to their new content; None removes a file or a folder.
    """
    unpack((FOLDER / f"{name}.tree").read_text(), folder)
    for path, content in files.items():
        target_path = folder / path.lstrip("/")
        if content is None:
            shutil.rmtree(target_path) if target_path.is_dir() else target_path.unlink()
        else:
            target_path.parent.mkdir(parents=True, exist_ok=True)
            target_path.write_text(content)
    return Kernel(folder)
