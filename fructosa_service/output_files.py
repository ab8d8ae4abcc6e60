"""Files for other programs, which must never see half of one."""

import os
from pathlib import Path

from .errors import ServiceError, UsageError


def write(path: Path, text: str) -> None:
    """Put *text* into the file at *path*: all of it at once, with the rights that it has.

    Raises: ServiceError when that can't be done; the file is then as it was.
    """
    path = path.resolve()  # a link stays a link
    try:
        if path.exists() and not path.is_file():  # a pipe, a terminal
            path.write_text(text, "utf-8")
        else:
            _replace(path, text)
    except OSError as error:
        raise ServiceError(
            f"can't write {path}: {error.strerror or error}; check the path and its permissions"
        ) from error


def make_folder(path: Path) -> None:
    """Make the folder at *path*, and those above it, where there is none.

    Raises: ServiceError when that can't be done.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"can't make the folder {path}: {error.strerror or error}; "
            "check the path and its permissions"
        ) from error


def check_is_ours(path: Path, mark: str) -> None:
    """Raise UsageError when there is a file at *path* that does not begin with the *mark*."""
    try:
        with path.open("r", encoding="utf-8", errors="replace") as file:
            begin = file.read(len(mark))
    except FileNotFoundError:
        return
    except OSError as error:
        raise ServiceError(
            f"can't read {path}: {error.strerror or error}; check the path and its permissions"
        ) from error
    if begin != mark:
        raise UsageError(
            f"{path} was not made by lmaster, and is kept; "
            "write to another folder, and bring both together by hand"
        )


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o7777)
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
