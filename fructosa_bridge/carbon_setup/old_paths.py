"""Whisper files with the paths that other exporters had before 1.0, without names of labels."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from fructosa_service.errors import visible, visible_path

from ..model.target import Target
from ..naming.graphite_paths import HASH_MARK
from ..naming.legacy_names import SENSORS
from ..naming.schemes import DECLARED, SCRAPE_SERIES
from .disk_space import sampled_folders

OLD_PATHS = (
    "{folder}: {file} has a path of lmaster 0.9; series of other exporters than lagent now have "
    "METRIC.LABEL.VALUE in place of METRIC.VALUE, so their old files get no more points; rename "
    "them as docs/upgrading.md describes, or delete them"
)
_MOST_METRICS = 10_000
# A file with one of these names can be of lagent or lmaster: such series have values alone.
_WITH_VALUES_ALONE = DECLARED.keys() | SENSORS | {*SCRAPE_SERIES}


def old_paths(folder: Path, targets: Sequence[Target]) -> list[str]:
    """Return a message if *folder* has a file with an old path of one of *targets*."""
    for node in sampled_folders(folder, targets):
        for metric in _entries(node):
            if metric.name not in _WITH_VALUES_ALONE and (file := _old_file(metric.path)):
                shown = visible(str(Path(file).relative_to(folder)))
                return [OLD_PATHS.format(folder=visible_path(folder), file=shown)]
    return []


def _old_file(metric: str) -> str | None:
    """Return a file right below the folder of a metric, where now the names of labels are."""
    for one in _entries(metric):
        if one.name.endswith(".wsp") and not one.name.startswith(HASH_MARK):
            return one.path
    return None


def _entries(folder: str | Path) -> Iterable["os.DirEntry[str]"]:
    """Return what is in a folder, up to a limit; nothing if it is a file, or can't be read."""
    with suppress(OSError), os.scandir(folder) as entries:
        return list(islice(entries, _MOST_METRICS))
    return []
