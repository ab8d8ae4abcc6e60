"""Output files for other programs, which never see a partly written one."""

import os
from contextlib import suppress
from pathlib import Path

from .errors import FileError, ServiceError
from .untrusted.folders import followed, opened

NOT_OURS = (
    "{path} was not written by lmaster, as it has no lines {begin!r} and {end!r}; it is not "
    "overwritten: write to another directory and merge the two by hand"
)


def write(path: Path, text: str) -> None:
    """Replace the content of the file at *path* with *text* at once; its mode stays.

    Raises: ServiceError if that fails; the file is then unchanged.
    """
    try:
        path = followed(path.absolute())  # a link stays a link
        if path.exists() and not path.is_file():  # a pipe, a terminal
            path.write_text(text, "utf-8", errors="surrogateescape")
        else:
            _replace(path, text)
    except OSError as error:
        raise ServiceError(
            f"cannot write {path}: {error.strerror or error}; check the path and its permissions"
        ) from error


def make_folder(path: Path) -> None:
    """Create the directory at *path*, and its parents, if they don't exist.

    Raises: ServiceError if that fails.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"cannot create the directory {path}: {error.strerror or error}; "
            "check the path and its permissions"
        ) from error


def check_is_ours(path: Path, mark: str) -> None:
    """Raise FileError if the file at *path* exists and does not begin with *mark*."""
    try:
        with path.open("r", encoding="utf-8", errors="replace") as file:
            start = file.read(len(mark))
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_read(path, error) from error
    if start != mark:
        raise FileError(
            f"{path} was not written by lmaster and is not overwritten; "
            "write to another directory and merge the two by hand"
        )


def merged(path: Path, text: str, begin: str, end: str) -> str:
    """Return *text*, which begins and ends with marks, with what the file has around its marks.

    What an administrator has written before *begin* and after *end* stays.
    Raises: FileError if the file exists without the marks: it is not ours.
    """
    try:
        old = path.read_text("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return text
    except OSError as error:
        raise _cannot_read(path, error) from error
    before, found, rest = old.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise FileError(NOT_OURS.format(path=path, begin=begin, end=end))
    return before + text.rstrip("\n") + after


def _cannot_read(path: Path, error: OSError) -> ServiceError:
    reason = error.strerror or error
    return ServiceError(f"cannot read {path}: {reason}; check the path and its permissions")


def _replace(path: Path, text: str) -> None:
    temporary = f".{path.name}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with opened(path.parent) as folder:
        fd = os.open(temporary, flags, 0o666, dir_fd=folder)
        try:
            with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
                file.flush()
                if (mode := _mode(path.name, folder)) is not None:
                    os.fchmod(fd, mode)
                os.fsync(fd)
            os.replace(temporary, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)


def _mode(name: str, folder: int) -> int | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode & 0o7777
    except FileNotFoundError:
        return None
