"""Where each reader of the queue has stopped: its files beside the segments.

A file has a checksum, and two copies: what was delivered is known even if a disk loses one of them.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

from .records import Position, Range

log = logging.getLogger(__name__)

DAMAGED = "%s is damaged: %s"
UNKNOWN = (
    "it is not known what was delivered to %s, so everything in the queue is sent, which is "
    "harmless; points whose files are gone are not counted"
)
SUFFIXES = (".place", ".place.1", ".place.2")
_MOST_BYTES = 2**24
_MOST = 2**62


def encode(ranges: Sequence[Range]) -> str:
    """Return *ranges* as the content of a file."""
    return json.dumps({"ranges": ranges, "checksum": crc32(json.dumps(ranges).encode())})


def decode(content: bytes) -> list[Range]:
    """Return the ranges in a file. Raises: ValueError if it is damaged."""
    try:
        found: Any = json.loads(content)
        is_former = isinstance(found, list)
        ranges = [_range(*ends) for ends in (found if is_former else found["ranges"])]
        if not is_former and found["checksum"] != crc32(json.dumps(ranges).encode()):
            raise ValueError("its checksum is another one")
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"it is incomplete ({error})") from None
    if is_former and ranges:  # without a checksum, only the start is believed
        start = ranges[0][0]
        return [(start, start)]
    return ranges


def _range(start: Sequence[int], end: Sequence[int]) -> Range:
    ends = Position(*start), Position(*end)
    if not all(type(number) is int and 0 <= number < _MOST for one in ends for number in one):
        raise ValueError("a position is no number")
    if ends[0].offset > ends[1].offset or ends[0].points > ends[1].points:
        raise ValueError("a range ends before it starts")
    return ends


class Places:
    """The files in the folder of the queue, for any number of readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, str] = {}
        self._reported: set[str] = set()

    def _paths(self, name: str) -> list[Path]:
        return [self._folder / f"{quote(name, safe='')}{suffix}" for suffix in SUFFIXES]

    def read(self, name: str) -> list[Range]:
        """Return what waited for a reader, nothing if that is unknown: then the whole queue."""
        former: list[Range] = []
        is_damaged = False
        for path in self._paths(name):
            try:
                with path.open("rb") as file:
                    content = file.read(_MOST_BYTES)
                ranges = decode(content)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                self._warn(path, error)
                is_damaged = True
                continue
            if not content.lstrip().startswith(b"["):
                return ranges
            former = former or ranges
        if is_damaged and not former and name not in self._reported:
            log.warning(UNKNOWN, name)
            self._reported.add(name)
        return former

    def _warn(self, path: Path, error: OSError | ValueError) -> None:
        """Log what is wrong with a file, once: it is read again while the queue is not open."""
        if path.name not in self._reported:
            why = error.strerror if isinstance(error, OSError) else error
            log.warning(DAMAGED, path, why)
            self._reported.add(path.name)

    def write(self, texts: Mapping[str, str]) -> None:
        """Write what changed; after a power failure one of the files is either old or new.

        Raises: OSError.
        """
        for name, text in texts.items():
            if self._written.get(name) == text:
                continue
            for path in self._paths(name):
                new = path.with_name(f"{path.name}.new")
                with new.open("w") as file:
                    file.write(text)
                    file.flush()
                    if path.suffix == SUFFIXES[0]:
                        os.fsync(file.fileno())
                new.replace(path)
            self._written[name] = text

    def forget(self, name: str) -> None:
        """Let its files be removed, also if this run has not written them yet."""
        self._written.setdefault(name, "")

    def keep_only(self, names: set[str]) -> None:
        """Remove the files of readers that were removed, also those just being written."""
        for name in self._written.keys() - names:
            del self._written[name]
            for path in self._paths(name):
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    log.warning("cannot remove %s: %s", path, error.strerror)
