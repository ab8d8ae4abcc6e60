"""What a folder of Whisper files has room for, and how many are in it already."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from ..model.target import Target
from .capacity import DiskSpace

# To count the files of 10,000 nodes takes minutes; those of a few nodes tell as much.
_NODES_SEEN = 20
_MOST_FILES_OF_NODE = 10_000
# Carbon puts series with tags into 4096 folders, by a hash of their names.
_TAGGED_FOLDERS = 4096
_TAGGED_SEEN = 4


def disk_space(folder: Path, targets: Sequence[Target]) -> DiskSpace:
    """Return what *folder* has room for, where the files of *targets* are or come.

    Raises: OSError when that can't be seen.
    """
    found = os.statvfs(_existing(folder))
    return DiskSpace(
        folder=folder,
        free_bytes=found.f_bavail * found.f_frsize,
        free_files=found.f_favail if found.f_files else None,  # none: btrfs and some of networks
        files_there=_tagged(folder, targets) + _plain(folder, targets),
    )


def _existing(folder: Path) -> Path:
    """Return *folder*, or what is above it if it is still to be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _plain(folder: Path, targets: Sequence[Target]) -> int:
    """Return about how many files nodes have: a node's series are in a folder of its own."""
    paths = sorted({target.graphite_path for target in targets if target.naming != "tagged"})
    seen = paths[:: max(1, len(paths) // _NODES_SEEN)]
    files = sum(_count(folder / path.replace(".", "/"), most=_MOST_FILES_OF_NODE) for path in seen)
    return files * len(paths) // max(1, len(seen))


def _tagged(folder: Path, targets: Sequence[Target]) -> int:
    """Return about how many files series with tags have, whoever sent them."""
    if all(target.naming != "tagged" for target in targets):
        return 0
    step = _TAGGED_FOLDERS // _TAGGED_SEEN
    seen = [folder / "_tagged" / f"{number:03x}" for number in range(0, _TAGGED_FOLDERS, step)]
    return sum(_count(one, most=_MOST_FILES_OF_NODE) for one in seen) * step


def _count(folder: Path, most: int) -> int:
    return sum(1 for _ in islice(_files(folder), most))


def _files(folder: Path) -> Iterator[str]:
    for _, _, names in os.walk(folder, onerror=_refuse):
        yield from (name for name in names if name.endswith(".wsp"))


def _refuse(error: OSError) -> None:
    """Raise what keeps from reading; a folder that isn't there yet merely has no files."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
