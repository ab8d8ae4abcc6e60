"""A secret that stands alone in a file: a password, or a token. Its content is never told."""

import re
import stat
from pathlib import Path

from ..errors import UsageError

_TOKEN = re.compile(rb"[!-~]+")
_MOST_BYTES = 1024 * 1024
_LONGEST_TOKEN = 8000  # servers take header lines of 8 KiB at most


def token(path: Path, name: str) -> str:
    """Return the one word of a file; *name* is what a message calls the file.

    Raises: UsageError when the file can't be used.
    """
    found = one_line(path, name).strip()
    if len(found) > _LONGEST_TOKEN or _TOKEN.fullmatch(found) is None:
        raise UsageError(f"{name} {path}: holds no token; write one word, in ASCII")
    return found.decode()


def one_line(path: Path, name: str) -> bytes:
    """Return the one line of a file; *name* is what a message calls the file.

    Raises: UsageError when the file can't be used.
    """
    found = content(path, name).removesuffix(b"\n").removesuffix(b"\r")
    if not found:
        raise UsageError(f"{name} {path}: is empty; write the secret into it")
    if b"\n" in found or b"\r" in found or b"\0" in found:
        raise UsageError(f"{name} {path}: has several lines; write the secret into one")
    return found


def content(path: Path, name: str) -> bytes:
    """Return what is in a file; *name* is what a message calls the file.

    Raises: UsageError when the file can't be read, or is too large to be what it's said to be.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would keep everybody waiting
            raise UsageError(f"{name} {path}: is no file; give the path of one")
        with path.open("rb") as file:
            found = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"{name} {path}: can't be read: {error.strerror}; check the path and its permissions"
        ) from error
    if len(found) > _MOST_BYTES:
        raise UsageError(f"{name} {path}: has more than {_MOST_BYTES} bytes; check the path")
    return found
