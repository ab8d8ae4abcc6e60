"""Whisper files of the store, damaged."""

import logging
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from fructosa_bridge.model.points import Batch
from fructosa_bridge.whisper.store import WhisperStore
from fructosa_bridge.whisper.whisper_file import create

from ..target import FuzzTarget, expect

_NOW_S = int(time.time())  # whisper asks the clock too
_SERIES = "n1.up"


class _Folder:
    """A store in a folder, with a file for one series."""

    def __init__(self) -> None:
        logging.getLogger("fructosa_bridge.whisper").setLevel(logging.CRITICAL + 1)
        self._owner = TemporaryDirectory()
        self.path = Path(self._owner.name)
        self.file = self.path / "n1" / "up.wsp"
        self.store = WhisperStore(self.path, lambda: float(_NOW_S))
        self.file.parent.mkdir()


_folder = cache(_Folder)


def _read(data: bytes) -> object:
    folder = _folder()
    folder.file.write_bytes(data)
    folder.store.fetch(_SERIES, _NOW_S - 600, _NOW_S)
    batches = [Batch(_NOW_S - 60, 60, [(_SERIES, 1.0), ("n1.other", 2.0)])]
    return folder.store.write(batches), folder.store.fetch(_SERIES, _NOW_S - 600, _NOW_S)


def _promises(data: bytes, result: object) -> None:
    folder = _folder()
    dropped, found = result if isinstance(result, tuple) else ({}, [])
    expect(dropped or found, "a point is stored, or it is counted as dropped")
    expect(folder.store.fetch("n1.other", _NOW_S - 600, _NOW_S), "the next series is stored")


def _seeds() -> Iterable[bytes]:
    file = _folder().path / "seed.wsp"
    for layout in ([(60, 5)], [(10, 6), (60, 5)]):
        create(file, layout, "average")
        yield file.read_bytes()


TARGETS = (
    FuzzTarget(
        name="whisper-file",
        read=_read,
        promises=_promises,
        seeds=_seeds,
        words=(b"\0\0\0\x01", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x1c", b"\0" * 12),
    ),
)
