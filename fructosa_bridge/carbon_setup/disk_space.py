"""Free disk space for a folder of Whisper files, and about how many files it already has."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from ..model.target import Target
from .capacity import DiskSpace

# Counting the files of 10,000 nodes takes minutes. A sample of nodes is enough.
_SAMPLED_NODES = 20
_MAX_FILES_PER_FOLDER = 10_000
# carbon distributes tagged series over 4096 folders, by a hash of their names.
_TAGGED_FOLDERS = 4096
_SAMPLED_TAGGED_FOLDERS = 4


def disk_space(folder: Path, targets: Sequence[Target]) -> DiskSpace:
    """Return the free space of *folder*, and an estimate of the files that *targets* have there.

    Raises: OSError if the folder can't be read.
    """
    stat = os.statvfs(_existing(folder))
    return DiskSpace(
        folder=folder,
        free_bytes=stat.f_bavail * stat.f_frsize,
        free_inodes=stat.f_favail if stat.f_files else None,  # btrfs and some network file systems
        existing_files=_tagged_files(folder, targets) + _plain_files(folder, targets),
    )


def _existing(folder: Path) -> Path:
    """Return *folder*, or its first parent that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _plain_files(folder: Path, targets: Sequence[Target]) -> int:
    """Return about how many files the nodes have; each node has a folder of its own."""
    paths = _node_paths(targets)
    sample = sampled_folders(folder, targets)
    return sum(map(_count, sample)) * len(paths) // max(1, len(sample))


def sampled_folders(folder: Path, targets: Sequence[Target]) -> list[Path]:
    """Return the folders of some of the nodes that have one below *folder*."""
    paths = _node_paths(targets)
    sample = paths[:: max(1, len(paths) // _SAMPLED_NODES)]
    return [folder / path.replace(".", "/") for path in sample]


def _node_paths(targets: Sequence[Target]) -> list[str]:
    return sorted({target.graphite_path for target in targets if target.naming != "tagged"})


def _tagged_files(folder: Path, targets: Sequence[Target]) -> int:
    """Return about how many files there are of tagged series, whoever sent them."""
    if all(target.naming != "tagged" for target in targets):
        return 0
    step = _TAGGED_FOLDERS // _SAMPLED_TAGGED_FOLDERS
    sample = [folder / "_tagged" / f"{number:03x}" for number in range(0, _TAGGED_FOLDERS, step)]
    return sum(map(_count, sample)) * step


def _count(folder: Path) -> int:
    return sum(1 for _ in islice(_files(folder), _MAX_FILES_PER_FOLDER))


def _files(folder: Path) -> Iterator[str]:
    for _, _, names in os.walk(folder, onerror=_raise_unless_missing):
        yield from (name for name in names if name.endswith(".wsp"))


def _raise_unless_missing(error: OSError) -> None:
    """Raise *error*, unless the folder does not exist yet and so has no files."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
