"""Metrics that other programs write to files."""

import logging
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Family, Sample, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sources.prom_files import FileRejected, ParsedFile, merge_files, parse_file
from fructosa_service.config.kinds import optional
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import option

log = logging.getLogger(__name__)

CHANGED = (
    "changed while it was read; write it under a name that does not end in .prom, then rename it"
)
NOT_REGULAR = "is not a regular file; write the metrics to a regular file"

# The clock of a file system may be so coarse that a second change leaves the mtime as it is.
_SETTLED_NS = 2 * 10**9
_SIZE_LIMIT = 4 * 1024 * 1024
# Do not block on opening a FIFO, and do not take a terminal as the controlling one.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, kw_only=True)
class TextFileOptions(SensorOptions):
    """The folder of the files."""

    folder: Path | None = option(
        optional(PATH),
        None,
        "Folder whose *.prom files are exposed; the sensor is unavailable without it.",
    )


@dataclass(frozen=True, kw_only=True)
class _File:
    """A parsed file; *identity* is None if the next reading must read the file again."""

    identity: tuple[int, int, int] | None = None
    mtime_s: float | None = None
    page: ParsedFile = field(default_factory=dict)
    error: str | None = None


class TextFile(Sensor):
    """Metrics that other programs write to the *.prom files of a folder.

    Source: the files in ``folder``, in the Prometheus text format 0.0.4, encoded in UTF-8 with
    an LF at the end of each line. A file has at most 4 MiB, no timestamps, and no metric names that
    begin with fructosa_. Hidden files are ignored. A metric may be in several files if its type is
    the same in all of them; its HELP may differ.

    A file that breaks a rule is skipped as a whole: fructosa_textfile_error is 1, and the log
    shows the line with the error. So is a file that changes while it is read, or whose last line
    has no LF, as its last number may be cut. If files contradict one another, the first by name is
    exposed.

    A file that is written in place may be read while it is incomplete. Write it under a name that
    does not end in .prom on the same file system, then rename it. The values of a program that no
    longer runs stay as they are; fructosa_textfile_mtime_seconds shows how old they are.
    """

    Options = TextFileOptions
    options: TextFileOptions
    on_by_default = False
    cost = "under 1 ms while no file changes; up to 0.5 s for each MiB that changes"
    rights = "to read the folder and its files"

    MTIME = gauge(
        "fructosa_textfile_mtime_seconds",
        "Time when the file was last written, in seconds since 1970 (UTC).",
        "file",
        without_panel="how old a file may be depends on its writer",
    )
    ERROR = gauge(
        "fructosa_textfile_error", "1 if the metrics of the file cannot be exposed, else 0.", "file"
    )

    read: Kernel = Kernel()

    _files: Mapping[str, _File] = {}
    _families: tuple[Family, ...] = ()
    _errors: Mapping[str, str] = {}

    def samples(self) -> Iterator[Sample | Family]:
        if self.options.folder is None:
            raise SensorUnavailable("no folder is configured; set [sensor:TextFile] folder")
        files = self._read_files(Path(self.read.path(str(self.options.folder))))
        if files != self._files:
            self._merge(files)
        for name, file in files.items():
            label = _label(name)
            if file.mtime_s is not None:
                yield self.MTIME.sample(file.mtime_s, label)
            yield self.ERROR.sample(int(name in self._errors), label)
        yield from self._families

    def _read_files(self, folder: Path) -> dict[str, _File]:
        """Return the files of the *folder*, sorted by name; unchanged ones are not read again."""
        names = [name for name in os.listdir(folder) if _is_exposed(name)]  # noqa: PTH208
        files = {name: _file(folder / name, self._files.get(name)) for name in sorted(names)}
        return {name: file for name, file in files.items() if file is not None}

    def _merge(self, files: Mapping[str, _File]) -> None:
        self._families, rejected = merge_files({name: file.page for name, file in files.items()})
        errors = {name: file.error for name, file in files.items() if file.error} | rejected
        self._report(errors, files)
        self._files, self._errors = files, errors

    def _report(self, errors: Mapping[str, str], files: Mapping[str, _File]) -> None:
        """Log only errors that are new or resolved, as a file may stay invalid for days."""
        for name, error in errors.items():
            if error != self._errors.get(name):
                log.warning("TextFile skips %r in %s: %s", name, self.options.folder, error)
        for name in self._errors.keys() & files.keys() - errors.keys():
            log.info("TextFile exposes %r in %s again", name, self.options.folder)


def _is_exposed(name: str) -> bool:
    return name.endswith(".prom") and not name.startswith(".")


def _label(name: str) -> str:
    """Return the name of a file as a label, with invalid UTF-8 escaped.

    Backslashes are doubled, so that no two files share a label.
    """
    return name.replace("\\", r"\\").encode("utf-8", "backslashreplace").decode()


def _file(path: Path, known: _File | None) -> _File | None:
    """Read the file at *path*; return *known* if it is unchanged, None if the file is gone."""
    try:
        status = path.stat()
        # Taken before the content is read: a file that changes in between is read again next time.
        identity = _identity(status)
        if known is not None and known.identity == identity:
            return known
        return _parsed(path, status, identity)
    except FileNotFoundError as error:
        return _File(error=f"is a broken link: {error}") if path.is_symlink() else None
    except OSError as error:
        return _File(error=f"cannot be read: {error}")


def _parsed(path: Path, status: os.stat_result, identity: tuple[int, int, int]) -> _File:
    settled = None if abs(time.time_ns() - status.st_mtime_ns) < _SETTLED_NS else identity
    try:
        page = parse_file(_content(path, status))
    except FileRejected as error:
        return _File(identity=settled, mtime_s=status.st_mtime, error=str(error))
    return _File(identity=settled, mtime_s=status.st_mtime, page=page)


def _content(path: Path, status: os.stat_result) -> bytes:
    """Return the content of a regular file.

    Raises: FileRejected if it is not a regular file, too large, or changes; OSError.
    """
    # Check before opening, as opening a device may have side effects. Check again after opening,
    # as the file may have been replaced in between.
    _check(status)
    with open(path, "rb", opener=lambda name, _: os.open(name, _FLAGS)) as file:
        return _unchanged(file)


def _unchanged(file: BinaryIO) -> bytes:
    """Return the content of an open *file*.

    Raises: FileRejected, also if it changes meanwhile; OSError.
    """
    before = os.fstat(file.fileno())
    _check(before)
    content = file.read(_SIZE_LIMIT + 1)
    _check_size(len(content))
    if _identity(os.fstat(file.fileno())) != _identity(before):
        raise FileRejected(CHANGED)
    return content


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileRejected(NOT_REGULAR)
    _check_size(status.st_size)


def _check_size(size: int) -> None:
    if size > _SIZE_LIMIT:
        raise FileRejected(
            f"is larger than {_SIZE_LIMIT // 1024**2} MiB; split it into several files"
        )
