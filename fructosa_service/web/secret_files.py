"""Files that contain one secret: a password or a token. Messages never show the content."""

import re
import stat
from pathlib import Path

from ..errors import CAN_NOT_BE_READ, TOO_LARGE, FileError

NOT_REGULAR = "is not a regular file; check the path"
SEVERAL_LINES = "has more than one line; write the secret on one line"

_TOKEN = re.compile(rb"[!-~]+")
_LIMIT_BYTES = 1024 * 1024
_TOKEN_LIMIT_BYTES = 8000  # many servers accept header lines of at most 8 KiB


def token(path: Path, name: str) -> str:
    """Return the one word in a file; *name* is what messages call the file.

    Raises: FileError if the file can't be used.
    """
    word = one_line(path, name).strip()
    if len(word) > _TOKEN_LIMIT_BYTES or _TOKEN.fullmatch(word) is None:
        raise FileError(f"{name} {path}: contains no valid token; write one word, in ASCII")
    return word.decode()


def one_line(path: Path, name: str) -> bytes:
    """Return the one line in a file; *name* is what messages call the file.

    Raises: FileError if the file can't be used.
    """
    line = content(path, name).removesuffix(b"\n").removesuffix(b"\r")
    if not line:
        raise FileError(f"{name} {path}: is empty; write the secret into it")
    if b"\n" in line or b"\r" in line or b"\0" in line:
        raise FileError(f"{name} {path}: {SEVERAL_LINES}")
    return line


def content(path: Path, name: str) -> bytes:
    """Return the content of a file; *name* is what messages call the file.

    Raises: FileError if the file can't be read, is not a regular file, or is larger than 1 MiB.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would block
            raise FileError(f"{name} {path}: {NOT_REGULAR}")
        with path.open("rb") as file:
            data = file.read(_LIMIT_BYTES + 1)
    except OSError as error:
        reason = CAN_NOT_BE_READ.format(reason=error.strerror)
        raise FileError(f"{name} {path}: {reason}") from error
    if len(data) > _LIMIT_BYTES:
        raise FileError(f"{name} {path}: {TOO_LARGE.format(limit=_LIMIT_BYTES)}")
    return data
