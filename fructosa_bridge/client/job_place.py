"""Where commands ask for jobs: the running lmaster; or its archive, for those who may read it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from fructosa_service import cli
from fructosa_service.errors import ServiceError, UsageError, visible_path

from ..config.jobs_settings import DEFAULT_SOCKET
from ..config.settings import DEFAULT_FILE, read_config
from ..job_archive.archive import FILE
from ..job_archive.look_ups import ArchiveReader
from .job_client import JobClient, NotRunningError

T = TypeVar("T")

NO_JOBS = "this lmaster keeps no jobs: {file} has no section [jobs]; add it, it may be empty"
ONLY_ITS_USER = (
    "{error}; while it does not run, only root and its user can read the archive, {path}"
)


class JobPlace(NamedTuple):
    """The socket of the running lmaster, and its archive where that is known."""

    client: JobClient
    archive: Path | None

    def answer(self, ask: Callable[[JobClient], T], look: Callable[[ArchiveReader], T]) -> T:
        """Return what the running lmaster answers; without one, what is in its archive.

        Raises: ServiceError.
        """
        try:
            return ask(self.client)
        except NotRunningError as error:
            if self.archive is None:
                raise
            try:
                self.archive.open("rb").close()
            except OSError:
                path = visible_path(self.archive)
                raise ServiceError(ONLY_ITS_USER.format(error=error, path=path)) from None
            return look(ArchiveReader(self.archive))


def from_arguments(arguments: argparse.Namespace) -> JobPlace:
    """Return where to ask, by the command line, or else by the configuration.

    Raises: UsageError if the configuration keeps no jobs; ConfigError, FileError.
    """
    if arguments.socket is not None:
        return JobPlace(JobClient(arguments.socket), None)
    path = cli.chosen_config(arguments.config, DEFAULT_FILE)
    if path is None:
        return JobPlace(JobClient(DEFAULT_SOCKET), None)
    config = read_config(path)
    if config.jobs is None:
        raise UsageError(NO_JOBS.format(file=path))
    return JobPlace(JobClient(config.jobs.socket), config.master.jobs_directory / FILE)
