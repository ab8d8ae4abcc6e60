"""A JSON file in the data directory that keeps over a restart what Slurm reported last."""

import json
import logging
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fructosa_service import output_files
from fructosa_service.errors import ServiceError, visible_path

log = logging.getLogger("lmaster.slurm")

T = TypeVar("T")

DAMAGED = "%s is damaged and ignored: %s; the next reading of Slurm replaces it"
NOT_KEPT = "what Slurm reports of its nodes is not kept over a restart: %s"
# A hundred thousand nodes take some 10 MB.
_MAX_BYTES = 64 * 2**20


class FileFormat(NamedTuple):
    """The format of a file: *kind* is what the file holds, in words."""

    name: str
    version: int
    kind: str

    def encode(self, **content: object) -> str:
        """Return the text of a file."""
        head = {"format": self.name, "version": self.version}
        return json.dumps(head | content, separators=(",", ":")) + "\n"

    def decode(self, content: bytes) -> Mapping[str, Any]:
        """Return what is in a file. Raises: ValueError if it has another format or version."""
        if len(content) > _MAX_BYTES:
            raise ValueError(f"it has more than {_MAX_BYTES} bytes")
        try:
            found = json.loads(content)
        except UnicodeDecodeError:
            raise ValueError("it is not JSON") from None
        if not isinstance(found, dict) or found.get("format") != self.name:
            raise ValueError(f"it is not {self.kind}")
        if found.get("version") != self.version:
            raise ValueError(f"its version is not {self.version}")
        return found


class KeptFile:
    """The file at *path*. What fails is logged, and no error."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._error = ""

    def read(self, decode: Callable[[bytes], T]) -> T | None:
        """Return what *decode* makes of the content; None if there is no file or it is damaged."""
        try:
            with self.path.open("rb") as file:
                return decode(file.read(_MAX_BYTES + 1))
        except OSError:
            pass  # there is none yet, or not for this user
        except (ValueError, OverflowError, RecursionError, MemoryError) as error:
            log.warning(DAMAGED, visible_path(self.path), error or "it is too large")
        return None

    def write(self, text: str) -> None:
        """Replace the content; log why that fails, once for each reason."""
        error = ""
        try:
            output_files.write(self.path, text)
        except ServiceError as caught:
            error = str(caught)
        if error and error != self._error:
            log.error(NOT_KEPT, error)
        self._error = error


def text(value: Any) -> str:
    """Return a value that is text. Raises: ValueError if it is not."""
    if not isinstance(value, str):
        raise ValueError("a name is not text")
    return value


def time_s(value: Any) -> float:
    """Return a value that is a time in seconds since 1970. Raises: ValueError if it is not."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a time is not a number")
    return float(value)


def truth(value: Any) -> bool:
    """Return a value that is true or false. Raises: ValueError if it is not."""
    if not isinstance(value, bool):
        raise ValueError("a value is neither true nor false")
    return value
