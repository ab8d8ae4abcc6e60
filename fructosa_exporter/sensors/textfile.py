"""Metrics that other programs leave in files."""

import logging
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fructosa_exporter.errors import SensorUnavailable
from fructosa_exporter.kernel import Kernel
from fructosa_exporter.metrics import Family, Sample, gauge
from fructosa_exporter.sensor import Sensor, SensorOptions
from fructosa_exporter.sources.prom_files import FileRejected, ParsedFile, merge_files, parse_file
from fructosa_service.config.kinds import optional
from fructosa_service.config.path_kind import PATH
from fructosa_service.config.settings import option

log = logging.getLogger(__name__)

_SIZE_LIMIT = 4 * 1024 * 1024
# Nothing that opens is waited for, and no terminal becomes the agent's.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, kw_only=True)
class TextFileOptions(SensorOptions):
    """Where the files are."""

    folder: Path | None = option(
        optional(PATH), None, "Folder whose *.prom files are shown; without it there are none."
    )


@dataclass(frozen=True, kw_only=True)
class _File:
    """What a file held; *identity* is None where the next reading has to look again."""

    identity: tuple[int, int, int] | None = None
    mtime_s: float | None = None
    page: ParsedFile = field(default_factory=dict)
    error: str | None = None


class TextFile(Sensor):
    """Metrics that other programs write to the *.prom files of a folder.

    Source: the files of ``folder``, in the Prometheus text format 0.0.4, UTF-8 with lines that
    end in LF, of at most 4 MiB each; without timestamps, and without names that begin with
    fructosa_. Hidden files are left out. One metric may be in several files, if they give it the
    same type.

    A file that breaks a rule is left out as a whole, has fructosa_textfile_error 1, and the log
    says which line is wrong. Of files that contradict one another, the first by name is shown.

    A file that is written in place may be read half: write it elsewhere on the same file system,
    under a name that does not end in .prom, then rename it. How old the values are is told by
    fructosa_textfile_mtime_seconds; those of a program that no longer runs stay as they are.
    """

    Options = TextFileOptions
    options: TextFileOptions
    on_by_default = False
    cost = "under 1 ms while no file changes; up to 0.5 s for each MiB that does"
    rights = "to read the folder and its files"

    MTIME = gauge(
        "fructosa_textfile_mtime_seconds", "When the file was last written, since 1970.", "file"
    )
    ERROR = gauge("fructosa_textfile_error", "1 if the file can't be shown, else 0.", "file")

    read: Kernel = Kernel()

    _files: Mapping[str, _File] = {}
    _families: tuple[Family, ...] = ()
    _errors: Mapping[str, str] = {}

    def samples(self) -> Iterator[Sample | Family]:
        if self.options.folder is None:
            raise SensorUnavailable("no folder is configured; set [sensor:TextFile] folder")
        files = self._seen(Path(self.read.path(str(self.options.folder))))
        if files != self._files:
            self._merge(files)
        for name, file in files.items():
            label = _label(name)
            if file.mtime_s is not None:
                yield self.MTIME.sample(file.mtime_s, label)
            yield self.ERROR.sample(int(name in self._errors), label)
        yield from self._families

    def _seen(self, folder: Path) -> dict[str, _File]:
        """Return the files of the *folder* by name, in their order; known ones as they were."""
        names = [name for name in os.listdir(folder) if _is_shown(name)]  # noqa: PTH208
        files = {name: _file(folder / name, self._files.get(name)) for name in sorted(names)}
        return {name: file for name, file in files.items() if file is not None}

    def _merge(self, files: Mapping[str, _File]) -> None:
        self._families, refused = merge_files({name: file.page for name, file in files.items()})
        errors = {name: file.error for name, file in files.items() if file.error} | refused
        self._report(errors, files)
        self._files, self._errors = files, errors

    def _report(self, errors: Mapping[str, str], files: Mapping[str, _File]) -> None:
        """Log what changed: a file may stay wrong for days."""
        for name, error in errors.items():
            if error != self._errors.get(name):
                log.warning("TextFile leaves out %r of %s: %s", name, self.options.folder, error)
        for name in self._errors.keys() & files.keys() - errors.keys():
            log.info("TextFile shows %r of %s again", name, self.options.folder)


def _is_shown(name: str) -> bool:
    return name.endswith(".prom") and not name.startswith(".")


def _label(name: str) -> str:
    """Return the name of a file as a label: as it is, unless it has a backslash or is no UTF-8.

    The first is doubled where the second is escaped, so that no two files share a label.
    """
    return name.replace("\\", r"\\").encode("utf-8", "backslashreplace").decode()


def _file(path: Path, known: _File | None) -> _File | None:
    """Return what is at *path*, or the *known* one where it is unchanged; None if it is gone."""
    try:
        status = path.stat()
        # Of what is at the path now, or was before it: never of what comes after the content.
        identity = (status.st_mtime_ns, status.st_size, status.st_ino)
        if known is not None and known.identity == identity:
            return known
        return _parsed(path, status, identity)
    except FileNotFoundError as error:
        return _File(error=f"leads nowhere: {error}") if path.is_symlink() else None
    except OSError as error:
        return _File(error=f"can't be read: {error}")


def _parsed(path: Path, status: os.stat_result, identity: tuple[int, int, int]) -> _File:
    try:
        page = parse_file(_content(path, status))
    except FileRejected as reason:
        return _File(identity=identity, mtime_s=status.st_mtime, error=str(reason))
    return _File(identity=identity, mtime_s=status.st_mtime, page=page)


def _content(path: Path, status: os.stat_result) -> bytes:
    """Return what a regular file holds.

    Raises: FileRejected for any other, and for a large one; OSError.
    """
    # Twice: opening a device may do something, and by then another file may be there.
    _check(status)
    descriptor = os.open(path, _FLAGS)
    try:
        _check(os.fstat(descriptor))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(_SIZE_LIMIT + 1)
    finally:
        os.close(descriptor)
    _check_size(len(content))
    return content


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileRejected("is no regular file; write the metrics to a plain one")
    _check_size(status.st_size)


def _check_size(size: int) -> None:
    if size > _SIZE_LIMIT:
        raise FileRejected(
            f"is larger than {_SIZE_LIMIT // 1024**2} MiB; spread it over several files"
        )
